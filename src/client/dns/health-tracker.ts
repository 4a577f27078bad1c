/**
 * Whether instances found in DNS can be reached from here: a TCP connection to each, again and again, some at a time. A
 * record says that an instance was fine when it was written; this says whether somebody takes connections now. It judges
 * for this process alone, and changes nothing anywhere else.
 */
import { setMaxListeners } from 'node:events';
import { defaults, limits } from '../../model/index.js';
import type { EndpointStatus } from '../../model/index.js';
import { mapAtOnce, pause } from '../../runtime/index.js';
import type { Clock, Random } from '../../runtime/index.js';
import type { DnsEndpointSet, DnsServiceEndpoint } from './dns-endpoint.js';
import type { Reach } from './reach.js';

export interface DnsHealthCheck {
  /** Between two looks at one instance. Default 10,000. */
  readonly intervalMs?: number;
  /** For one connection. Default 2,000. */
  readonly timeoutMs?: number;
  /** Failed looks in a row after which an instance is critical. Default 2. One that succeeds makes it passing. */
  readonly failuresBeforeCritical?: number;
}

/** What is known of one endpoint's health. */
export interface DnsInstanceHealth {
  readonly endpoint: DnsServiceEndpoint;
  /** `unknown` before the first look, and without a port. */
  readonly reachability: 'reachable' | 'unreachable' | 'unknown';
  /** Whether the records it was made of are within their TTL. */
  readonly recordValid: boolean;
  /** Whether the last try to resolve the service succeeded. */
  readonly resolved: boolean;
  readonly lastCheck?: Date;
  /** Why the last look failed. */
  readonly lastError?: string;
}

export interface TrackerParts {
  readonly reach: Reach;
  readonly clock: Clock;
  readonly random: Random;
}

interface Reached {
  reachability: DnsInstanceHealth['reachability'];
  lastCheck: Date | undefined;
  lastError: string | undefined;
}

/** An address and port, of however many services. */
interface Target extends Reached {
  readonly address: string;
  readonly port: number;
  failures: number;
  /** Monotonic ms: when somebody last asked. */
  wantedMs: number;
}

export class HealthTracker {
  private readonly targets = new Map<string, Target>();
  private readonly listeners = new Set<() => void>();
  private readonly ended = new AbortController();
  private loop: Promise<void> | undefined;
  private fresh: AbortController | undefined;

  constructor(
    private readonly rules: DnsHealthCheck,
    private readonly parts: TrackerParts,
  ) {
    // Every connection being made listens; ten of them would be taken for a leak.
    setMaxListeners(0, this.ended.signal);
  }

  /** The set with what is known of its endpoints' health; what is not known yet will be looked at. */
  judged(set: DnsEndpointSet): DnsEndpointSet {
    this.want(set.endpoints);
    return { ...set, endpoints: set.endpoints.map((endpoint) => this.judgedEndpoint(endpoint, set)) };
  }

  /** What was found out about an endpoint's address. */
  known(endpoint: DnsServiceEndpoint): Readonly<Reached> | undefined {
    return this.targets.get(keyOf(endpoint));
  }

  /** Called when any endpoint's judgement has changed. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.ended.abort();
    this.fresh?.abort();
    await this.loop;
  }

  private judgedEndpoint(endpoint: DnsServiceEndpoint, set: DnsEndpointSet): DnsServiceEndpoint {
    const target = this.targets.get(keyOf(endpoint));
    const status = statusOf(target?.reachability ?? 'unknown', !set.stale);
    return {
      ...endpoint,
      status,
      healthy: status === 'passing',
      ...(target?.lastCheck && { lastCheck: target.lastCheck }),
    };
  }

  private want(endpoints: readonly DnsServiceEndpoint[]): void {
    if (this.ended.signal.aborted) return;
    const now = this.parts.clock.now();
    let isNew = false;
    for (const endpoint of endpoints) {
      const key = keyOf(endpoint);
      const known = this.targets.get(key);
      if (known) known.wantedMs = now;
      else if (endpoint.port !== 0 && this.targets.size < limits.dnsHealthTargets) {
        this.targets.set(key, newTarget(endpoint, now));
        isNew = true;
      }
    }
    if (isNew) this.fresh?.abort();
    if (this.targets.size > 0) this.loop ??= this.run();
  }

  private async run(): Promise<void> {
    const { clock, random } = this.parts;
    const { intervalMs = defaults.dnsHealthIntervalMs } = this.rules;
    const { signal } = this.ended;
    let nextRoundMs = clock.now();
    while (!signal.aborted && this.targets.size > 0) {
      this.fresh = new AbortController();
      const isRound = clock.now() >= nextRoundMs;
      // Jittered, so that clients that began together do not knock together.
      if (isRound) nextRoundMs = clock.now() + intervalMs * (0.95 + random.next() / 10);
      const due = [...this.targets.values()].filter((one) => isRound || one.lastCheck === undefined);
      await mapAtOnce(due, limits.dnsHealthAtOnce, (target) => this.look(target));
      await pause(clock, nextRoundMs - clock.now(), this.fresh.signal);
      this.forget();
    }
    this.loop = undefined;
  }

  private async look(target: Target): Promise<void> {
    const { reach, clock } = this.parts;
    const { timeoutMs = defaults.dnsHealthTimeoutMs, failuresBeforeCritical = defaults.dnsHealthFailures } = this.rules;
    if (this.ended.signal.aborted) return;
    const before = target.reachability;
    try {
      await reach(target.address, target.port, timeoutMs, this.ended.signal);
      Object.assign(target, { failures: 0, reachability: 'reachable', lastError: undefined });
    } catch (error) {
      if (this.ended.signal.aborted) return;
      target.failures += 1;
      target.lastError = error instanceof Error ? error.message : String(error);
      if (target.failures >= failuresBeforeCritical) target.reachability = 'unreachable';
    }
    target.lastCheck = new Date(clock.wall());
    if (target.reachability !== before) for (const listener of this.listeners) listener();
  }

  private forget(): void {
    const oldest = this.parts.clock.now() - limits.dnsHealthForgetMs;
    for (const [key, target] of this.targets) if (target.wantedMs < oldest) this.targets.delete(key);
  }
}

/** The health of a set's endpoints, as far as is known. */
export function healthOf(set: DnsEndpointSet, tracker: HealthTracker | undefined): DnsInstanceHealth[] {
  return (tracker?.judged(set) ?? set).endpoints.map((endpoint) => {
    const { reachability = 'unknown', lastCheck, lastError } = tracker?.known(endpoint) ?? {};
    return {
      endpoint,
      reachability,
      recordValid: !set.stale,
      resolved: set.error === undefined,
      ...(lastCheck && { lastCheck }),
      ...(lastError !== undefined && { lastError }),
    };
  });
}

function newTarget({ address, port }: DnsServiceEndpoint, wantedMs: number): Target {
  return { address, port, failures: 0, reachability: 'unknown', lastCheck: undefined, lastError: undefined, wantedMs };
}

function keyOf({ address, port }: DnsServiceEndpoint): string {
  return `${address} ${port}`;
}

/**
 * Who takes connections is passing, even while DNS cannot be asked: nothing better is known. Who was never reached and
 * whose record is out of date is doubtful.
 */
function statusOf(reachability: DnsInstanceHealth['reachability'], recordValid: boolean): EndpointStatus {
  if (reachability === 'unreachable') return 'critical';
  return reachability === 'unknown' && !recordValid ? 'warning' : 'passing';
}
