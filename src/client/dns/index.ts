/**
 * Discovery over DNS alone, with any DNS server: `DnsServiceResolver` looks up, `DnsServiceDiscovery` watches and looks
 * after what it found as well.
 */
export { DnsServiceDiscovery } from './dns-service-discovery.js';
export type { DnsConfig, DnsServiceHealth, DnsWatchCallback, DnsWatchOptions } from './dns-service-discovery.js';
export { DnsServiceResolver } from './dns-service-resolver.js';
export type { DnsQueryResult } from './dns-service-resolver.js';
export type { DnsResolverConfig } from './dns-resolver-config.js';
export type { AddressPreference } from './address-order.js';
export type { DnsQueryOptions, DnsResolveOptions } from './call-options.js';
export type { DnsEndpointSet, DnsServiceEndpoint, UnresolvedTarget } from './dns-endpoint.js';
export type { DnsStatsReading } from './dns-stats.js';
export type { DnsHealthCheck, DnsInstanceHealth } from './health-tracker.js';
export type { MetadataFilter } from './metadata-filter.js';
export type { Reach } from './reach.js';
export type { NameLayout } from './service-name.js';
export type { StoredAnswer } from './stored-answer.js';
/** The client underneath: any question, no cache. And what to make of SRV, SVCB, address and TXT records. */
export {
  createDnsClient,
  happyEyeballsOrder,
  orderByPriorityAndWeight,
  orderServiceBindings,
  systemServers,
  txtAttribute,
} from '../../dns/client/index.js';
export type {
  CoreDnsClient,
  DnsAnswer,
  DnsAttempt,
  DnsClient,
  DnsClientOptions,
  DnsClientStats,
  DnsFailureKind,
  DnsRetryOptions,
  DnsServerAddress,
  DnsServerReport,
  DnsTransport,
  ServiceBinding,
  ServiceBindings,
} from '../../dns/client/index.js';
export type { ResourceRecord } from '../../dns/wire/index.js';
export { isDiscoveryError, ServiceDiscoveryError } from '../../model/index.js';
export type { ErrorCode, ErrorDetails, ServiceEndpoint, EndpointSet, Violation } from '../../model/index.js';
