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
/** Between two lines about an address that does not answer. */
const TELL_EVERY_MS = 60_000;

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
  private isRunning = false;
  private restartAtMs = 0;

  constructor(private readonly options: SeedsOptions) {}

  /** Begins to look for those that were not met yet. Harmless while it does. */
  start(): void {
    if (this.isRunning || this.stop.signal.aborted || this.options.seeds.length === 0) return;
    this.isRunning = true;
    void Promise.all(this.options.seeds.map((seed) => this.follow(seed))).then(() => (this.isRunning = false));
  }

  /** Nobody is connected any more: whoever was met has to be met again. */
  restart(): void {
    const now = this.options.clock.now();
    if (this.isRunning || now < this.restartAtMs) return;
    this.restartAtMs = now + BACKOFF.capMs;
    this.done.clear();
    this.start();
  }

  close(): void {
    this.stop.abort(new Error('the agent stops'));
  }

  private async follow(seed: NetworkAddress): Promise<void> {
    const { clock, random } = this.options;
    for (let failures = 0; !this.stop.signal.aborted; failures++) {
      if (await this.tryAll(seed)) return;
      await pause(clock, fullJitterMs(failures, BACKOFF, random), this.stop.signal);
    }
  }

  /** True when every address of the seed has led to somebody. */
  private async tryAll(seed: NetworkAddress): Promise<boolean> {
    const addresses = await this.options.lookup(seed).catch((error: unknown) => this.tell(seed, error));
    if (!addresses) return false;
    const results = await Promise.all(addresses.map((address) => this.tryOne(address)));
    return results.every(Boolean);
  }

  private async tryOne(address: NetworkAddress): Promise<boolean> {
    const key = hostPort(address.host, address.port);
    if (this.own.has(key) || this.done.has(key)) return true;
    try {
      if (!this.options.isMet(address)) await this.options.reach(address, this.stop.signal);
      this.done.add(key);
      return true;
    } catch (error) {
      return this.refused(address, key, error);
    }
  }

  private refused(address: NetworkAddress, key: string, error: unknown): boolean {
    const code = refusalOf(error)?.code;
    if (code === 'self') this.own.add(key);
    if (code === 'self' || code === 'duplicate') return true;
    this.tell(address, error);
    return false;
  }

  private tell({ host, port }: NetworkAddress, error: unknown): undefined {
    const key = hostPort(host, port);
    const now = this.options.clock.now();
    if (this.stop.signal.aborted || now - (this.told.get(key) ?? -Infinity) < TELL_EVERY_MS) return undefined;
    this.told.set(key, now);
    const reason = error instanceof Error ? error.message : String(error);
    this.options.logger.warn({ address: key, reason }, 'sync.seed_not_met');
    return undefined;
  }
}
