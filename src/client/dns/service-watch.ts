/**
 * A service, looked at again and again: when the interval is over, or the TTL of the answers where that is shorter, but
 * for a TTL not more often than once a second. What the world does never ends it.
 */
import { defaults, asDiscoveryError, type ServiceDiscoveryError } from '../../model/index.js';
import { fullJitterMs } from '../../runtime/index.js';
import type { Clock, Random } from '../../runtime/index.js';
import type { DnsEndpointSet } from './dns-endpoint.js';
import { sameDnsEndpoints } from './same-set.js';

export interface WatchParts {
  /** Rejects with ABORTED once the signal has. */
  readonly look: (signal: AbortSignal) => Promise<DnsEndpointSet>;
  /** What is known of the instances' health, added to a set. */
  readonly judged: (set: DnsEndpointSet) => DnsEndpointSet;
  /** Calls when `judged` may say something else; returns the unsubscribe. */
  readonly onJudgement: (listener: () => void) => () => void;
  readonly intervalMs: number;
  /** Waits so long, or until the signal aborts; never rejects. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly onError: (error: Error) => void;
  /** A look found everything as it was. */
  readonly onConfirmed?: ((set: DnsEndpointSet) => void) | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

/** Full sets: the first, and then each that differs in content, becomes stale, or is fresh again. */
export async function* watchSets(parts: WatchParts, signal: AbortSignal): AsyncGenerator<DnsEndpointSet, void> {
  const { clock } = parts;
  const wake = new WakeUp(parts, signal);
  let known: Known | undefined;
  let told: DnsEndpointSet | undefined;
  let failures = 0;
  let nextLookMs = clock.now();
  try {
    while (!signal.aborted) {
      const isDue = clock.now() >= nextLookMs;
      if (isDue) {
        const looked = await lookOnce(parts, signal);
        if (looked === 'ended') return;
        if ('set' in looked) known = { set: looked.set, atMs: clock.now() - looked.set.ageMs };
        else if (known) known = { ...known, set: { ...known.set, stale: true, error: looked.error } };
        const isFine = 'set' in looked && !looked.set.stale && looked.set.unresolved.length === 0;
        failures = isFine ? 0 : failures + 1;
        const pauseMs = isFine ? looked.set.ttlMs : failurePauseMs(failures, parts);
        nextLookMs = clock.now() + Math.min(parts.intervalMs, Math.max(defaults.dnsWatchLeastMs, pauseMs));
      }
      if (known) {
        const set = parts.judged({ ...known.set, ageMs: Math.max(0, clock.now() - known.atMs) });
        if (!told || told.stale !== set.stale || !sameDnsEndpoints(told.endpoints, set.endpoints)) {
          told = set;
          yield set;
        } else if (isDue && !set.stale) parts.onConfirmed?.(set);
      }
      await wake.waitUntil(nextLookMs);
    }
  } finally {
    wake.close();
  }
}

interface Known {
  readonly set: DnsEndpointSet;
  /** When the oldest part of it was confirmed. */
  readonly atMs: number;
}

type Looked = { readonly set: DnsEndpointSet } | { readonly error: ServiceDiscoveryError } | 'ended';

async function lookOnce(parts: WatchParts, signal: AbortSignal): Promise<Looked> {
  try {
    const set = await parts.look(signal);
    if (set.stale && set.error) parts.onError(set.error);
    for (const { error } of set.unresolved) parts.onError(error);
    return { set };
  } catch (thrown) {
    if (signal.aborted) return 'ended';
    const error = asDiscoveryError(thrown, 'a look at DNS');
    if (isHopeless(error)) throw error;
    parts.onError(error);
    return { error };
  }
}

/** What trying again cannot mend. */
function isHopeless(error: ServiceDiscoveryError): boolean {
  return ['INVALID_ARGUMENT', 'UNSUPPORTED', 'CLOSED'].includes(error.code);
}

function failurePauseMs(failures: number, { intervalMs, random }: WatchParts): number {
  return fullJitterMs(failures, { baseMs: defaults.dnsWatchLeastMs, capMs: intervalMs }, random);
}

/** Waiting that a new judgement ends early. */
class WakeUp {
  private woken = false;
  private waiting: AbortController | undefined;
  private readonly release: () => void;

  constructor(
    private readonly parts: WatchParts,
    private readonly signal: AbortSignal,
  ) {
    const unsubscribe = parts.onJudgement(() => {
      this.woken = true;
      this.waiting?.abort();
    });
    const onAbort = (): void => this.waiting?.abort();
    signal.addEventListener('abort', onAbort);
    this.release = () => {
      unsubscribe();
      signal.removeEventListener('abort', onAbort);
    };
  }

  async waitUntil(ms: number): Promise<void> {
    const leftMs = ms - this.parts.clock.now();
    if (leftMs > 0 && !this.woken && !this.signal.aborted) {
      this.waiting = new AbortController();
      await this.parts.wait(leftMs, this.waiting.signal);
      this.waiting = undefined;
    }
    this.woken = false;
  }

  close(): void {
    this.release();
  }
}
