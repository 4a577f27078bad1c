import { testSeeds } from './seeds.js';

testSeeds(51, 50);
