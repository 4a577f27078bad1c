export type { DnsOptions } from './answer/dns-options.js';
export { createDnsServer } from './server/dns-server.js';
export type { DnsAddress, DnsServer, DnsServerSetup } from './server/dns-server.js';
export { dohContentType } from './server/doh.js';
export type { DohHandler } from './server/doh.js';
export * from './wire/index.js';
