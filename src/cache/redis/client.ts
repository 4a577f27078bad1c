import { createRequire } from 'node:module';
import { ServiceDiscoveryError } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';

/** What is used of a client of `@redis/client` (or `redis`), yours or our own. */
export interface RedisClient {
  /** Connected, and commands are sent at once. */
  readonly isReady: boolean;
  sendCommand(
    args: readonly (string | Buffer)[],
    options?: { readonly typeMapping?: Readonly<Record<number, unknown>> },
  ): Promise<unknown>;
}

/** A connection of our own. */
export interface OwnRedisClient extends RedisClient {
  ref(): void;
  unref(): void;
  close(): Promise<void>;
  destroy(): void;
}

export interface OpenOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Gives up. */
  readonly signal: AbortSignal;
  /** The most commands that may wait in the client. */
  readonly maxWaiting: number;
  /** Let the process end while it connects. */
  readonly background: boolean;
  /** Told when the connection is lost, once. */
  readonly onLost: (client: OwnRedisClient, error: Error) => void;
  /** Told of Redis keys that others wrote or removed, those with this prefix. */
  readonly invalidation: { readonly prefix: string; readonly onKey: (redisKey: string) => void } | undefined;
}

/** The name under which it is installed. */
const PACKAGE = '@redis/client';

/**
 * @throws ServiceDiscoveryError UNSUPPORTED, naming the package, when it is not installed.
 */
export function assertRedisInstalled(): void {
  try {
    createRequire(import.meta.url).resolve(PACKAGE);
  } catch (cause) {
    throw notInstalled(cause);
  }
}

/** Its part that is used. Not its own types, or whoever has not installed it could not compile ours. */
export interface RedisPackage {
  createClient(options: object): unknown;
}

export async function loadRedisPackage(): Promise<RedisPackage> {
  try {
    return await import('@redis/client');
  } catch (cause) {
    throw notInstalled(cause);
  }
}

/**
 * Connects, and has the server send invalidations when asked for. Never reconnects by itself: node-redis would do so
 * with timers that keep the process alive, and a queue of its own.
 */
export async function openRedisClient({ createClient }: RedisPackage, options: OpenOptions): Promise<OwnRedisClient> {
  const client = createClient({
    url: options.url,
    RESP: options.invalidation ? 3 : 2,
    emitInvalidate: options.invalidation !== undefined,
    disableOfflineQueue: true,
    commandsQueueMaxLength: options.maxWaiting,
    maintNotifications: 'disabled',
    disableClientInfo: true,
    socket: { reconnectStrategy: false, connectTimeout: options.timeoutMs },
  }) as OwnRedisClient & Listening;
  const own = once(client);
  client.on('error', (error) => own.lose(error as Error));
  if (options.background) client.unref();
  let givenUp: Error | undefined;
  const giveUp = (why: string): void => {
    givenUp ??= new Error(why);
    destroyQuietly(client);
  };
  // A client destroyed before its socket is there goes on with it when it comes.
  client.on('connect', () => givenUp && destroyQuietly(client));
  const cancel = options.clock.after(options.timeoutMs, () => giveUp(`no connection within ${options.timeoutMs} ms`));
  const onAbort = (): void => giveUp('closed');
  options.signal.addEventListener('abort', onAbort, { once: true });
  try {
    await client.connect();
    if (options.invalidation) await startTracking(client, options.invalidation);
    if (givenUp || !client.isReady) throw givenUp ?? own.lost ?? new Error('the connection was lost at once');
  } catch (error) {
    destroyQuietly(client);
    throw givenUp ?? error;
  } finally {
    cancel();
    options.signal.removeEventListener('abort', onAbort);
  }
  own.onLost = options.onLost;
  return client;
}

interface Listening {
  on(event: string, listener: (argument: unknown) => void): void;
  connect(): Promise<unknown>;
}

/** `CLIENT TRACKING ON`, which the client sends by itself, must go before broadcasting can be asked for. */
async function startTracking(
  client: OwnRedisClient & Listening,
  { prefix, onKey }: NonNullable<OpenOptions['invalidation']>,
): Promise<void> {
  client.on('invalidate', (key) => {
    // Everything was flushed: nothing newer is known of any key.
    if (key !== null) onKey((key as Buffer | string).toString());
  });
  await client.sendCommand(['CLIENT', 'TRACKING', 'OFF']);
  await client.sendCommand(['CLIENT', 'TRACKING', 'ON', 'BCAST', 'PREFIX', prefix, 'NOLOOP']);
}

interface Loss {
  lost: Error | undefined;
  onLost: OpenOptions['onLost'] | undefined;
  lose(error: Error): void;
}

/** A socket that breaks says so more than once. */
function once(client: OwnRedisClient): Loss {
  return {
    lost: undefined,
    onLost: undefined,
    lose(error) {
      if (!this.lost) this.onLost?.(client, error);
      this.lost ??= error;
    },
  };
}

export function destroyQuietly(client: OwnRedisClient): void {
  try {
    client.destroy();
  } catch {
    // It was closed already.
  }
}

/** Redis' own errors begin with a word in capitals (`NOPERM …`, `ERR …`); those of sockets and of the client do not. */
export function isErrorReply(error: unknown): error is Error {
  return error instanceof Error && /^[A-Z][A-Z0-9]+ /.test(error.message);
}

function notInstalled(cause: unknown): ServiceDiscoveryError {
  return new ServiceDiscoveryError('UNSUPPORTED', `a cache in Redis needs the package ${PACKAGE}`, {
    cause,
    details: { package: PACKAGE, hint: `npm install ${PACKAGE}` },
  });
}
