/**
 * The exams that every balancer, every cache, every check runner, every network between agents, every target of
 * registrations, every resolver and every store of a registry must pass, ours and yours, for any test framework, a clock
 * to turn by hand for `createRegistry({ clock })`, a network in memory that breaks when told, and servers that misbehave.
 */
export { cacheSuite, type CacheCase, type CachedSample, type CacheSubject } from './cache-suite.js';
export { checkRunnerSuite, type RunnerCase, type RunnerSubject } from './check-runner-suite.js';
export { FakeClock } from './fake-clock.js';
export type { Behaviour, Fault } from './misbehaving-consul/fault-schedule.js';
export { MemoryNetwork, type MemoryNetworkOptions } from './memory-network/memory-network.js';
export { createMisbehavingConsul } from './misbehaving-consul/misbehaving-consul.js';
export type { MisbehavingConsul, MisbehavingConsulOptions } from './misbehaving-consul/misbehaving-consul.js';
export { MisbehavingRead, type MisbehavingReadOptions } from './misbehaving-consul/misbehaving-read.js';
export { createMisbehavingDns } from './misbehaving-dns.js';
export type { AskedQuestion, DnsBehaviour, MisbehavingDns, MisbehavingDnsOptions } from './misbehaving-dns.js';
export { networkSuite, type NetworkCase, type NetworkSubject } from './network-suite.js';
export { pickerSuite, type PickerCase, type PickerSubject } from './picker-suite.js';
export { registrationTargetSuite, type TargetCase, type TargetSubject } from './registration-target-suite.js';
export { resolverSuite, type ResolverCase, type ResolverSubject, type SuiteInstance } from './resolver-suite.js';
export { seededRandom } from './seeded-random.js';
export { startTestAgent, type TestAgent, type TestAgentOptions } from './test-agent.js';
export { storeSuite, type StoreCase, type StoreSubject } from './store-suite.js';
