import { isDeepStrictEqual } from 'node:util';
import { defaults, asDiscoveryError, limits, type ServiceDiscoveryError } from '../../model/index.js';
import { abortable, fullJitterMs, keepAwake, Pace, pause } from '../../runtime/index.js';
import type { AbortableIteration, Clock, Random } from '../../runtime/index.js';
import type { BlockingRead, ConsulAnswer } from '../answer.js';
import { takeTurn } from './take-turn.js';

/**
 * A blocking query asked again and again, such that no server can make it hang, spin, end or go back to what was.
 *
 * - Every turn has a deadline of its own, kept here whatever the read does: wait × 1.1 + 0.5 s (Consul adds up to a
 *   sixteenth to the wait), and `consulTimeoutMs` where the server is to answer at once.
 * - The index starts again at 0 when it is 0, goes back, or belongs to another space than before, and after every failure. A
 *   read of index 0 gets what is there, so nothing is missed.
 * - Answers are taken at most at the pace of `watchBurst`, then one every `watchPaceMs`, however fast they come: many
 *   changes at once become few answers with the last of them.
 * - After a failure it waits with full jitter, 50 ms to 10 s; refusals for lack of rights are asked about slowly. Since an
 *   answer begins the back-off anew, all turns together have a pace as well, `watchAttemptBurst`, then one every
 *   `watchPaceMs`: a server that answers and fails in turn is asked no more than one that does either.
 * - Every five minutes or so it reads at index 0, in case a wake-up was lost.
 */
export interface BlockingOptions<T> {
  readonly clock: Clock;
  readonly random: Random;
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal;
  /** Longest wait of one turn, ms. Default 60 s; Consul takes up to 10 min. */
  readonly waitMs?: number;
  /** Time between two reads at index 0, ms, give or take a fifth. Default 5 min. Looked at between turns. */
  readonly resyncMs?: number;
  /** Nobody waits for its answers: waiting for the next one does not keep the process alive. Default false. */
  readonly background?: boolean;
  /** Whether two values are one to the reader. Default: deeply equal. */
  readonly same?: (a: T, b: T) => boolean;
}

export type BlockingUpdate<T> =
  /** A value that is not the last one, or that is confirmed again after a failure. */
  | { readonly type: 'answer'; readonly answer: ConsulAnswer<T> }
  /** The last value once more. */
  | { readonly type: 'confirmed'; readonly answer: ConsulAnswer<T> }
  /** An attempt failed; the last value stands, unconfirmed. */
  | { readonly type: 'failed'; readonly error: ServiceDiscoveryError; readonly retryInMs: number };

/**
 * Throws only what trying again cannot mend: INVALID_ARGUMENT, UNSUPPORTED, and CLOSED when the client was closed. Keeps
 * the process alive while its next update is waited for, unless it is in the background.
 */
export function blockingLoop<T>(
  read: BlockingRead<T>,
  options: BlockingOptions<T>,
): AbortableIteration<BlockingUpdate<T>> {
  return abortable(options.signal, (signal) => turns(read, options, signal));
}

async function* turns<T>(
  read: BlockingRead<T>,
  options: BlockingOptions<T>,
  signal: AbortSignal,
): AsyncGenerator<BlockingUpdate<T>, void, undefined> {
  const { clock, random, background, waitMs = defaults.watchWaitMs, resyncMs = defaults.watchResyncMs } = options;
  const rest = (ms: number): Promise<void> => {
    const resting = pause(clock, ms, signal);
    return background ? resting : resting.finally(keepAwake());
  };
  const same = options.same ?? isDeepStrictEqual;
  // The first answer is not one that came too early.
  const answers = new Pace(defaults.watchBurst + 1, defaults.watchPaceMs);
  const attempts = new Pace(defaults.watchAttemptBurst, defaults.watchPaceMs);
  let known: ConsulAnswer<T> | undefined;
  let index = 0;
  let failures = 0;
  let resyncAt = clock.now() + spread(resyncMs, random);

  while (!signal.aborted) {
    if (clock.now() >= resyncAt) {
      index = 0;
      resyncAt = clock.now() + spread(resyncMs, random);
    }
    const timeoutMs = index === 0 ? defaults.consulTimeoutMs : waitMs * 1.1 + 500;
    const outcome = await takeTurn(
      read,
      { index, indexFrom: known?.address, waitMs, timeoutMs, background },
      clock,
      signal,
    );
    if (signal.aborted) return;

    if (outcome.type === 'failed') {
      const error = asDiscoveryError(outcome.error, 'a standing read');
      if (isFinal(error)) throw error;
      const retryInMs = Math.max(retryDelayMs(error, failures, random), attempts.take(clock.now()));
      failures += 1;
      index = 0;
      yield { type: 'failed', error, retryInMs };
      await rest(retryInMs);
      continue;
    }

    const { answer } = outcome;
    index = nextIndex(index, known, answer);
    const news = failures > 0 || !known || !same(known.value, answer.value);
    known = answer;
    failures = 0;
    const pauseMs = Math.max(answers.take(clock.now()), attempts.take(clock.now()));
    yield { type: news ? 'answer' : 'confirmed', answer };
    await rest(pauseMs);
  }
}

/**
 * What the next turn hands in. An answer to index 0, or by another address, which was not given the index, begins anew; to
 * another index, only its own space counts.
 */
function nextIndex<T>(asked: number, known: ConsulAnswer<T> | undefined, answer: ConsulAnswer<T>): number {
  if (!(answer.index > 0)) return 0;
  if (asked === 0 || answer.address !== known?.address) return answer.index;
  if (known.indexSpace !== answer.indexSpace || answer.index < asked) return 0;
  return answer.index;
}

function spread(ms: number, random: Random): number {
  return ms * (0.8 + 0.4 * random.next());
}

function isFinal({ code }: ServiceDiscoveryError): boolean {
  return code === 'INVALID_ARGUMENT' || code === 'UNSUPPORTED' || code === 'CLOSED';
}

/**
 * A token may be given its rights any time, but rarely in the next second. A server that says when to come back
 * (Retry-After) is believed up to a minute.
 */
function retryDelayMs({ code, details }: ServiceDiscoveryError, failures: number, random: Random): number {
  const { watchBackoffMs: baseMs, watchBackoffCapMs: capMs } = defaults;
  if (code === 'PERMISSION_DENIED' || code === 'UNAUTHENTICATED') return capMs * (0.5 + 0.5 * random.next());
  const { retryAfterMs } = details;
  const askedMs = typeof retryAfterMs === 'number' ? Math.min(retryAfterMs, limits.watchRetryAfterMs) : 0;
  return Math.max(askedMs, fullJitterMs(failures, { baseMs, capMs }, random));
}
