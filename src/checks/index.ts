export { aliasRunner, type AliasedCheck, type AliasSource } from './alias.js';
export { allowedNetworks, type AllowedNetworks } from './allowed-networks.js';
export { damp, type Damping, type DampingRules, defaultDamping, steady } from './flap-damping.js';
export { withFlip } from './flip-history.js';
export {
  applyResult,
  type Applied,
  type HealthRules,
  type HealthState,
  initialHealth,
  type Transition,
} from './health-state.js';
export { checkRunners, type RunnerOf, type RunnerOptions } from './runners.js';
export { type FirstRun, intervalOf } from './schedule.js';
export { CheckScheduler, type SchedulerOptions } from './scheduler.js';
export { DURATION_BUCKETS_MS, type SchedulerMetrics } from './scheduler-metrics.js';
export { ttlExpiredOutput, ttlNote } from './ttl.js';
