import { inspect } from 'node:util';
import { defaults, limits } from '../../model/index.js';
import type { Clock, Random } from '../../runtime/index.js';
import { destroyQuietly, isErrorReply, loadRedisPackage, openRedisClient } from './client.js';
import type { OpenOptions, OwnRedisClient, RedisClient, RedisPackage } from './client.js';

/** What became of a command. `refused`: Redis answered with an error. `unavailable`: it was not asked, or did not answer. */
export type Reply =
  | { readonly type: 'value'; readonly value: unknown }
  | { readonly type: 'refused'; readonly error: Error }
  | { readonly type: 'unavailable' };

export type RedisEvent =
  /** Redis cannot be reached or does not answer in time; it is left alone for a while. Once for each outage. */
  | { readonly type: 'down'; readonly error: Error }
  | { readonly type: 'up' }
  /** The server sends no invalidations (before 6.0, or not permitted); first levels go by their TTL. */
  | { readonly type: 'no-invalidation'; readonly error: Error }
  /** The server runs no scripts for us: writes compare and set in two steps, and two at once may end in either order. */
  | { readonly type: 'no-scripts'; readonly error: Error };

export interface RedisLinkOptions {
  readonly source: { readonly url: string } | { readonly client: RedisClient };
  readonly prefix: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly commandTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly onEvent: (event: RedisEvent) => void;
}

/** RESP's type byte of bulk strings, `$`: replies of that type are wanted as bytes. */
const BULK_STRING = 36;
const AS_BYTES = { typeMapping: { [BULK_STRING]: Buffer } };
const UNAVAILABLE: Reply = { type: 'unavailable' };

/**
 * The way to Redis. The first command connects and waits for that within its own time. After a failure (no connection,
 * no answer in time) Redis is left alone for a while, doubling with each failure; then the next command starts another
 * attempt, and only once that has succeeded do commands go there again. Nothing waits in a queue meanwhile, no timer
 * runs between commands, and an idle connection does not keep the process alive.
 */
export class RedisLink {
  private readonly own: { readonly url: string } | undefined;
  private client: RedisClient | OwnRedisClient | undefined;
  private package: Promise<RedisPackage | undefined> | undefined;
  private connecting: Promise<void> | undefined;
  private failures = 0;
  private retryAtMs = -Infinity;
  private inFlight = 0;
  private invalidations = true;
  private readonly closing = new AbortController();
  private onKey: ((redisKey: string) => void) | undefined;
  private readonly counts = { redisErrors: 0, redisTimeouts: 0, redisSkipped: 0, redisConnects: 0, redisDrops: 0 };

  constructor(private readonly options: RedisLinkOptions) {
    if ('url' in options.source) this.own = options.source;
    else this.client = options.source.client;
  }

  async send(args: readonly (string | Buffer)[]): Promise<Reply> {
    if (this.closed) return UNAVAILABLE;
    // Not counted: it comes from the disk, and once.
    if (this.own) await (this.package ??= this.load());
    const connecting = this.mustConnect();
    if (connecting) await this.orTimeout(connecting);
    const client = this.usable();
    if (!client || this.inFlight >= limits.redisCommandsAtOnce) {
      this.counts.redisSkipped += 1;
      return UNAVAILABLE;
    }
    return this.run(client, args);
  }

  /** Has keys told that others changed; with a connection of our own only. */
  listen(onKey: (redisKey: string) => void): void {
    this.onKey = onKey;
    // One that is open already has not asked for them.
    if (this.own && this.client) this.letGo(this.client as OwnRedisClient);
  }

  private get closed(): boolean {
    return this.closing.signal.aborted;
  }

  stats(): Readonly<Record<string, number>> {
    return this.counts;
  }

  /** Neither URL nor client: both hold the password. */
  toJSON(): object {
    return { closed: this.closed, failures: this.failures, ...this.counts };
  }

  [inspect.custom](): string {
    return `RedisLink ${inspect(this.toJSON())}`;
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closing.abort();
    const { client } = this;
    if (!this.own || !client) return;
    const own = client as OwnRedisClient;
    // What is under way may still be written; a server that does not answer is not waited for long.
    if (own.isReady) await this.orTimeout(own.close().catch(() => {}));
    destroyQuietly(own);
  }

  private usable(): RedisClient | undefined {
    if (this.closed || this.options.clock.now() < this.retryAtMs) return undefined;
    return this.client?.isReady ? this.client : undefined;
  }

  private async load(): Promise<RedisPackage | undefined> {
    try {
      return await loadRedisPackage();
    } catch (error) {
      this.backOff(error as Error);
      return undefined;
    }
  }

  /** Starts connecting when it is time to; resolves with what is to be waited for, at the first time only. */
  private mustConnect(): Promise<void> | undefined {
    if (!this.own || this.client || this.options.clock.now() < this.retryAtMs) return undefined;
    this.connecting ??= this.connect(this.own.url).finally(() => (this.connecting = undefined));
    return this.failures === 0 ? this.connecting : undefined;
  }

  private async connect(url: string): Promise<void> {
    try {
      const client = await this.open(url);
      if (this.closed) return destroyQuietly(client);
      this.client = client;
      this.counts.redisConnects += 1;
      if (this.inFlight === 0) client.unref();
    } catch (error) {
      this.backOff(error as Error);
    }
  }

  private async open(url: string): Promise<OwnRedisClient> {
    const { onKey } = this;
    if (!onKey || !this.invalidations) return this.openOnce(url, undefined);
    try {
      return await this.openOnce(url, { prefix: this.options.prefix, onKey });
    } catch (error) {
      if (!isErrorReply(error)) throw error;
      const client = await this.openOnce(url, undefined);
      // Without them it works, so they were what was refused.
      this.invalidations = false;
      this.options.onEvent({ type: 'no-invalidation', error });
      return client;
    }
  }

  private async openOnce(url: string, invalidation: OpenOptions['invalidation']): Promise<OwnRedisClient> {
    const loaded = await (this.package ?? loadRedisPackage());
    if (!loaded) throw new Error('the package of the client could not be loaded');
    return openRedisClient(loaded, {
      url,
      invalidation,
      clock: this.options.clock,
      timeoutMs: this.options.connectTimeoutMs,
      signal: this.closing.signal,
      maxWaiting: limits.redisCommandsAtOnce,
      background: this.failures > 0,
      onLost: (client, error) => this.drop(client, error),
    });
  }

  private run(client: RedisClient, args: readonly (string | Buffer)[]): Promise<Reply> {
    this.begin(client);
    return new Promise((resolve) => {
      let ended = false;
      const end = (reply: Reply): void => {
        if (ended) return;
        ended = true;
        cancel();
        this.end(client);
        resolve(reply);
      };
      const { commandTimeoutMs } = this.options;
      const cancel = this.options.clock.after(commandTimeoutMs, () => {
        this.counts.redisTimeouts += 1;
        end(UNAVAILABLE);
        this.drop(client, new Error(`Redis did not answer within ${commandTimeoutMs} ms`));
      });
      client.sendCommand(args, AS_BYTES).then(
        (value) => {
          if (!ended) this.recover();
          end({ type: 'value', value });
        },
        (error: Error) => {
          if (!ended) this.counts.redisErrors += 1;
          if (isErrorReply(error)) return end({ type: 'refused', error });
          end(UNAVAILABLE);
          this.drop(client, error);
        },
      );
    });
  }

  /** A process must not end while a command is under way, and may end when none is. */
  private begin(client: RedisClient): void {
    this.inFlight += 1;
    if (this.own && this.inFlight === 1) (client as OwnRedisClient).ref();
  }

  private end(client: RedisClient): void {
    this.inFlight -= 1;
    if (this.own && this.inFlight === 0) (client as OwnRedisClient).unref();
  }

  /** The connection is of no use any more; somebody else's is left to its owner, and alone. */
  private drop(client: RedisClient, error: Error): void {
    if (this.client !== client || this.closed) return;
    this.counts.redisDrops += 1;
    if (this.own) this.letGo(client as OwnRedisClient);
    this.backOff(error);
  }

  private letGo(client: OwnRedisClient): void {
    this.client = undefined;
    destroyQuietly(client);
  }

  private backOff(error: Error): void {
    const { clock, random } = this.options;
    const longest = Math.min(defaults.redisBackOffMaxMs, defaults.redisBackOffMinMs * 2 ** Math.min(this.failures, 30));
    this.retryAtMs = clock.now() + longest * (0.5 + random.next() / 2);
    this.failures += 1;
    if (this.failures === 1) this.options.onEvent({ type: 'down', error });
  }

  /** It answers: that it connects is no proof, a stopped server's kernel does that. */
  private recover(): void {
    if (this.failures === 0) return;
    this.failures = 0;
    this.options.onEvent({ type: 'up' });
  }

  private orTimeout(work: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.options.clock.after(this.options.commandTimeoutMs, resolve);
      void work.finally(() => {
        cancel();
        resolve();
      });
    });
  }
}
