import { limits } from '../../model/index.js';

/** How a discovery was answered. */
export type DiscoveryResult = 'hit' | 'miss' | 'stale' | 'failed';
export type Operation = 'register' | 'deregister' | 'discover';

/** Upper bounds of the latency histogram, ms. The last bucket has none. */
export const LATENCY_BOUNDS_MS = [0.1, 0.5, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000] as const;

/**
 * Calls of one operation for one service, their latency as a histogram. `discover` counts those that had to ask. Counts
 * never fall.
 */
export interface OperationMetrics {
  readonly service: string;
  readonly operation: Operation;
  readonly count: number;
  readonly failed: number;
  readonly sumMs: number;
  /** Calls at or below each of LATENCY_BOUNDS_MS, not cumulated; the last one above all. */
  readonly buckets: readonly number[];
}

/**
 * Answers for one service by where they came from: `hit` without asking, from the cache or a watch; `miss` by asking;
 * `stale` with what was known before; `failed` none. Counts never fall.
 */
export type CacheMetrics = { readonly service: string } & { readonly [R in DiscoveryResult]: number };

class Histogram {
  count = 0;
  failed = 0;
  sumMs = 0;
  readonly buckets: number[] = Array.from({ length: LATENCY_BOUNDS_MS.length + 1 }, () => 0);

  observe(ms: number, ok: boolean): void {
    this.count += 1;
    if (!ok) this.failed += 1;
    this.sumMs += ms;
    let i = 0;
    while (i < LATENCY_BOUNDS_MS.length && ms > (LATENCY_BOUNDS_MS[i] as number)) i += 1;
    this.buckets[i] = (this.buckets[i] as number) + 1;
  }
}

/** Counters of one service. Plain numbers: the hot path adds one. */
export class ServiceMetrics {
  readonly results: Record<DiscoveryResult, number> = { hit: 0, miss: 0, stale: 0, failed: 0 };
  readonly operations = new Map<Operation, Histogram>();

  observe(operation: Operation, ms: number, ok: boolean): void {
    let histogram = this.operations.get(operation);
    if (!histogram) this.operations.set(operation, (histogram = new Histogram()));
    histogram.observe(ms, ok);
  }
}

/** Counters by service, of a bounded number of services; later ones, and unknown ones, share the name `(others)`. */
export class ManagerMetrics {
  private readonly services = new Map<string, ServiceMetrics>();
  private readonly others = new ServiceMetrics();

  /** Undefined: of a service whose name is not known. */
  of(service: string | undefined): ServiceMetrics {
    if (service === undefined) return this.others;
    const known = this.services.get(service);
    if (known) return known;
    if (this.services.size >= limits.metricServices) return this.others;
    const fresh = new ServiceMetrics();
    this.services.set(service, fresh);
    return fresh;
  }

  cache(): CacheMetrics[] {
    return this.all().map(([service, { results }]) => ({ service, ...results }));
  }

  latency(): OperationMetrics[] {
    return this.all().flatMap(([service, { operations }]) =>
      Array.from(operations, ([operation, { count, failed, sumMs, buckets }]) => ({
        service,
        operation,
        count,
        failed,
        sumMs,
        buckets: [...buckets],
      })),
    );
  }

  private all(): [string, ServiceMetrics][] {
    const { operations, results } = this.others;
    const used = operations.size > 0 || Object.values(results).some((count) => count > 0);
    return [...this.services, ...(used ? [['(others)', this.others] as [string, ServiceMetrics]] : [])];
  }
}
