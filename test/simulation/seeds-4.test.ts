import { testSeeds } from './seeds.js';

testSeeds(151, 50);
