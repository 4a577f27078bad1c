import { isDiscoveryError } from '../../model/index.js';

/** Counters since the start, and what they were when read. */
export interface DnsStatsReading {
  /** Questions that callers and the resolver itself put to the cache. */
  readonly lookups: number;
  /** Of those, answered from the cache while fresh. */
  readonly cacheHits: number;
  /** Of those, answered with something past its time, since no server answered. */
  readonly staleServed: number;
  /** Questions put to servers; repetitions to other servers within one are not counted. */
  readonly queries: number;
  /** Queries that ended without an answer, by `details.dns`: `timeout`, `SERVFAIL`, … */
  readonly failures: Readonly<Record<string, number>>;
  /** Answers that there is no such name, or no such record. */
  readonly nxdomain: number;
  readonly nodata: number;
  /** Of queries that were answered, ms. */
  readonly latencySumMs: number;
  readonly latencyMaxMs: number;
  /** Targets whose addresses, and names whose metadata, could not be had. */
  readonly unresolvedTargets: number;
}

export class DnsStats {
  lookups = 0;
  cacheHits = 0;
  staleServed = 0;
  unresolvedTargets = 0;
  private queries = 0;
  private readonly failures = new Map<string, number>();
  private nxdomain = 0;
  private nodata = 0;
  private latencySumMs = 0;
  private latencyMaxMs = 0;

  answered(outcome: 'records' | 'nodata' | 'nxdomain', elapsedMs: number): void {
    this.queries += 1;
    if (outcome !== 'records') this[outcome] += 1;
    this.latencySumMs += elapsedMs;
    this.latencyMaxMs = Math.max(this.latencyMaxMs, elapsedMs);
  }

  failed(error: unknown): void {
    this.queries += 1;
    const kind = failureKind(error);
    this.failures.set(kind, (this.failures.get(kind) ?? 0) + 1);
  }

  read(): DnsStatsReading {
    const { lookups, cacheHits, staleServed, queries, nxdomain, nodata, latencySumMs, latencyMaxMs } = this;
    const { unresolvedTargets } = this;
    const failures = Object.fromEntries(this.failures);
    return {
      lookups,
      cacheHits,
      staleServed,
      queries,
      failures,
      nxdomain,
      nodata,
      latencySumMs,
      latencyMaxMs,
      unresolvedTargets,
    };
  }
}

/** `details.dns`, else the error's code: ABORTED when nobody waited any more. */
function failureKind(error: unknown): string {
  if (!isDiscoveryError(error)) return 'INTERNAL';
  return typeof error.details.dns === 'string' ? error.details.dns : error.code;
}
