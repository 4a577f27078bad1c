import type { CallOptions } from '../../model/index.js';
import type { ResourceRecord } from '../wire/index.js';

/**
 * What a resolver said to one question, after validation: the question is echoed, everything used belongs to the chain
 * from the asked name, loops are refused.
 */
export interface DnsAnswer {
  readonly name: string;
  readonly type: number;
  /**
   * `nodata`: the name exists, the type does not (RFC 2308 section 2.2). Other response codes are errors, not answers.
   */
  readonly outcome: 'records' | 'nodata' | 'nxdomain';
  /** The records asked for, at the end of the CNAME chain. */
  readonly records: readonly ResourceRecord[];
  /** The chain that led there, in order. */
  readonly aliases: readonly ResourceRecord[];
  /** Additional records that belong to names in `records` (addresses of SRV targets, TXT of nodes). */
  readonly additionals: readonly ResourceRecord[];
  /** Seconds: the least TTL of records and chain; for negative answers that of RFC 2308 section 5, 0 without a SOA. */
  readonly ttlSeconds: number;
  readonly authoritative: boolean;
  /** Extended DNS errors (RFC 8914), such as 3: stale answer. */
  readonly extendedErrors: readonly { readonly code: number; readonly text: string }[];
  /** `udp://127.0.0.1:8600` */
  readonly server: string;
  readonly elapsedMs: number;
}

/** Asks DNS servers; no cache. Made by `createDnsClient`. */
export interface DnsClient {
  /**
   * Rejects with a `ServiceDiscoveryError` whose `details.dns` tells failures apart: `SERVFAIL`, `REFUSED`, another
   * response code's name, `timeout`, `network`, `malformed`. `timeoutMs`: the client's `timeoutMs` × `retry.attempts`.
   */
  query(name: string, type: number | string, options?: CallOptions): Promise<DnsAnswer>;
  close(): Promise<void>;
}
