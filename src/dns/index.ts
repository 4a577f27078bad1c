export type { QueryExecutor } from './answer/answer-context.js';
export { dnsOptions } from './answer/dns-options.js';
export type { DnsOptions, StaticRecord } from './answer/dns-options.js';
export { createDnsServer } from './server/dns-server.js';
export type { DnsAddress, DnsServer, DnsServerSetup } from './server/dns-server.js';
export type { DnsStats } from './server/dns-stats.js';
export { dohContentType } from './server/doh.js';
export type { DohAnswer, DohHandler } from './server/doh.js';
export * from './wire/index.js';
