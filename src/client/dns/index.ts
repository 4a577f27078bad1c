export type { DnsAnswer, DnsClient } from '../../dns/client/index.js';
