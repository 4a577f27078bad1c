/**
 * The exams that every cache, every check runner, every target of registrations and every store of a registry must pass,
 * ours and yours, for any test framework, and a clock to turn by hand for `createRegistry({ clock })`.
 */
export { cacheSuite, type CacheCase, type CachedSample, type CacheSubject } from './cache-suite.js';
export { checkRunnerSuite, type RunnerCase, type RunnerSubject } from './check-runner-suite.js';
export { FakeClock } from './fake-clock.js';
export { registrationTargetSuite, type TargetCase, type TargetSubject } from './registration-target-suite.js';
export { storeSuite, type StoreCase, type StoreSubject } from './store-suite.js';
