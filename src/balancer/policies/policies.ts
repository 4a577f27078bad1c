import type { Policy } from '../policy.js';
import { adaptive } from './adaptive.js';
import { leastRequest } from './least-request.js';
import { maglev } from './maglev.js';
import { peakEwma } from './peak-ewma.js';
import { random } from './random.js';
import { rendezvous } from './rendezvous.js';
import { ringHash } from './ring-hash.js';
import { roundRobin, weightedRoundRobin } from './round-robin.js';
import { twoChoices } from './two-choices.js';

const ALL: readonly Policy[] = [
  adaptive,
  roundRobin,
  weightedRoundRobin,
  random,
  leastRequest,
  twoChoices,
  peakEwma,
  rendezvous,
  ringHash,
  maglev,
];

/** The policies of this package, by name. */
export const policies: ReadonlyMap<string, Policy> = new Map(ALL.map((policy) => [policy.name, policy]));
