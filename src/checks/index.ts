export type { AliasedCheck, AliasSource } from './alias.js';
export { type DampingRules, defaultDamping } from './flap-damping.js';
export { withFlip } from './flip-history.js';
export { applyResult, type Applied, type HealthRules, type HealthState, initialHealth } from './health-state.js';
export { checkRunners } from './runners.js';
export type { FirstRun } from './schedule.js';
export { CheckScheduler } from './scheduler.js';
export type { SchedulerMetrics } from './scheduler-metrics.js';
export { ttlExpiredOutput, ttlNote } from './ttl.js';
