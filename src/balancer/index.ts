/**
 * Client-side load balancing, usable alone: give `createBalancer` endpoints, ask it for picks, tell it how they went.
 * Nothing here opens a socket or sets a timer.
 */
export { realClock, realRandom, type Clock, type Random } from '../runtime/index.js';
export * from './balancer.js';
export { createBalancer } from './create-balancer.js';
export type { BalancerEvent } from './events.js';
export type { EjectionOptions } from './layers/ejection.js';
export type { SubsetOptions } from './layers/narrowing.js';
export type { PanicOptions } from './layers/panic.js';
export type { VersionSubset } from './layers/shares.js';
export type { SlowStartOptions } from './layers/slow-start.js';
export type { BalancerOptions } from './options.js';
export { policies } from './policies/policies.js';
export { type Candidate, type Chooser, isExcluded, type Policy, type PolicyContext, type Result } from './policy.js';
export { ClientThrottle, type ClientThrottleOptions } from './budgets/client-throttle.js';
export { HedgeBudget, type HedgeBudgetOptions } from './budgets/hedge-budget.js';
export { RetryBudget, type RetryBudgetOptions } from './budgets/retry-budget.js';
