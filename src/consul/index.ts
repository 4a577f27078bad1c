export type * from './answer.js';
export { blockingLoop } from './blocking/blocking-loop.js';
export type { BlockingOptions, BlockingUpdate } from './blocking/blocking-loop.js';
export { PeerLiveness } from './peer-liveness.js';
export type { StandingRead } from './peer-liveness.js';
export { endpointOf, endpointsOf } from './endpoint-of.js';
export type { HealthEntryFields } from './endpoint-of.js';
