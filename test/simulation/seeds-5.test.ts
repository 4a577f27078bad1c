import { testSeeds } from './seeds.js';

testSeeds(201, 50);
