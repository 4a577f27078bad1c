import { defaults } from '../../model/index.js';
import { fullJitterMs, pause, type Clock, type Logger, type NetworkAddress, type Random } from '../../runtime/index.js';
import type { Origin } from '../messages.js';
import { hostPort } from '../server-name.js';
import { refusalOf } from './refusals.js';

export interface SeedsOptions {
  readonly seeds: readonly NetworkAddress[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** All addresses of a name; an address is its own. */
  readonly lookup: (address: NetworkAddress) => Promise<readonly NetworkAddress[]>;
  /** Whether somebody who says that he is reached there is connected. */
  readonly isMet: (address: NetworkAddress) => boolean;
  readonly reach: (address: NetworkAddress, signal: AbortSignal) => Promise<Origin>;
}

const BACKOFF = { baseMs: defaults.peerBackoffMs * 4, capMs: defaults.peerBackoffCapMs };
/** Between two lines about a seed of which nobody answers, and before the first: agents that start together are no news. */
const TELL_EVERY_MS = 60_000;
const PATIENCE_MS = 3_000;

interface Failure {
  readonly error: unknown;
  /** No other agent was met through it. */
  readonly isTotal: boolean;
}

/**
 * Addresses where other agents are to be found: tried until each has led to one, with full jitter, for ever. Once met,
 * agents tell each other of the rest; only when nobody is connected any more are they tried again. An address that turns
 * out to be our own is let be.
 */
export class Seeds {
  private readonly stop = new AbortController();
  private readonly done = new Set<string>();
  private readonly own = new Set<string>();
  private readonly told = new Map<string, number>();
  private readonly followed = new Set<NetworkAddress>();
  private restartAtMs = 0;

  constructor(private readonly options: SeedsOptions) {}

  /** Looks for those that were not met yet. Harmless while it does. */
  start(): void {
    for (const seed of this.options.seeds) {
      if (this.followed.has(seed)) continue;
      this.followed.add(seed);
      void this.follow(seed).then(() => this.followed.delete(seed));
    }
  }

  /** Nobody is connected any more: whoever was met has to be met again. */
  restart(): void {
    const now = this.options.clock.now();
    if (now < this.restartAtMs || this.stop.signal.aborted) return;
    this.restartAtMs = now + BACKOFF.capMs;
    this.done.clear();
    this.start();
  }

  close(): void {
    this.stop.abort(new Error('the agent stops'));
  }

  private async follow(seed: NetworkAddress): Promise<void> {
    const { clock, random } = this.options;
    const sinceMs = clock.now();
    for (let failures = 0; !this.stop.signal.aborted; failures++) {
      const failure = await this.tryAll(seed);
      if (failure === undefined) return;
      if (failure.isTotal && clock.now() - sinceMs >= PATIENCE_MS) this.tell(seed, failure.error);
      await pause(clock, fullJitterMs(failures, BACKOFF, random), this.stop.signal);
    }
  }

  /** undefined when every address of the seed has led to somebody. */
  private async tryAll(seed: NetworkAddress): Promise<Failure | undefined> {
    try {
      const addresses = await this.options.lookup(seed);
      const results = await Promise.all(addresses.map((address) => this.tryOne(address)));
      const failed = results.find((result) => result.error !== undefined);
      return failed && { error: failed.error, isTotal: !results.some(({ isMet }) => isMet) };
    } catch (error) {
      return { error, isTotal: true };
    }
  }

  private async tryOne(address: NetworkAddress): Promise<{ readonly isMet: boolean; readonly error?: unknown }> {
    const key = hostPort(address.host, address.port);
    if (this.own.has(key)) return { isMet: false };
    if (this.done.has(key)) return { isMet: true };
    try {
      if (!this.options.isMet(address)) await this.options.reach(address, this.stop.signal);
      this.done.add(key);
      return { isMet: true };
    } catch (error) {
      const code = refusalOf(error)?.code;
      if (code === 'self') this.own.add(key);
      return code === 'self' || code === 'duplicate' ? { isMet: code === 'duplicate' } : { isMet: false, error };
    }
  }

  private tell({ host, port }: NetworkAddress, error: unknown): void {
    const key = hostPort(host, port);
    const now = this.options.clock.now();
    if (this.stop.signal.aborted || now - (this.told.get(key) ?? -Infinity) < TELL_EVERY_MS) return;
    this.told.set(key, now);
    const reason = error instanceof Error ? error.message : String(error);
    this.options.logger.warn({ address: key, reason }, 'sync.seed_not_met');
  }
}
