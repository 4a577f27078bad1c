import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { defaults, ServiceDiscoveryError } from '../../model/index.js';
import type { ErrorCode } from '../../model/index.js';
import { FakeClock, settle } from '../../testing/fake-clock.js';
import { seededRandom } from '../../testing/seeded-random.js';
import type { BlockingRead, BlockingTurn, ConsulAnswer } from '../answer.js';
import { blockingLoop } from './blocking-loop.js';
import type { BlockingOptions, BlockingUpdate } from './blocking-loop.js';

function answer(value: string, index: number, indexSpace = 'space-1'): ConsulAnswer<string> {
  return {
    value,
    status: 200,
    index,
    indexSpace,
    knownLeader: true,
    lastContactMs: 0,
    address: 'http://127.0.0.1:8500',
    header: () => undefined,
  };
}

const failure = (code: ErrorCode): Error => new ServiceDiscoveryError(code, `it is ${code}`);

/** Timers that keep the process alive. */
function awake(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

/** Runs a loop in the background and writes down what it asked and what it told. */
class Run {
  readonly clock = new FakeClock();
  readonly turns: BlockingTurn[] = [];
  readonly askedAt: number[] = [];
  readonly updates: BlockingUpdate<string>[] = [];
  readonly abort = new AbortController();
  ended: Promise<unknown> = Promise.resolve();

  start(read: BlockingRead<string>, options: Partial<BlockingOptions<string>> = {}): this {
    const noted: BlockingRead<string> = (turn) => {
      this.turns.push(turn);
      this.askedAt.push(this.clock.now());
      return read(turn);
    };
    const { clock, abort } = this;
    const loop = blockingLoop(noted, { clock, random: seededRandom(7), signal: abort.signal, ...options });
    this.ended = (async () => {
      for await (const update of loop) this.updates.push(update);
    })().catch((error: unknown) => error);
    return this;
  }

  /** Answers in turn, the last one for ever; `hang` holds the read until its signal aborts, or for good. */
  script(...steps: readonly (ConsulAnswer<string> | Error | 'hang' | 'deaf')[]): this {
    let at = 0;
    return this.start(async ({ signal }) => {
      const step = steps[Math.min(at++, steps.length - 1)];
      if (step === 'deaf') return new Promise(() => {});
      if (step === 'hang')
        return new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
        );
      if (step instanceof Error) throw step;
      return step as ConsulAnswer<string>;
    });
  }

  get indexes(): number[] {
    return this.turns.map(({ index }) => index);
  }

  get told(): string[] {
    return this.updates.map((update) =>
      update.type === 'failed' ? `failed ${update.error.code}` : `${update.type} ${update.answer.value}`,
    );
  }

  async stop(): Promise<unknown> {
    this.abort.abort();
    const error = await this.ended;
    expect(this.clock.pending).toBe(0);
    expect(getEventListeners(this.abort.signal, 'abort')).toEqual([]);
    return error;
  }
}

describe('the blocking loop', () => {
  let run: Run;
  beforeEach(() => void (run = new Run()));

  test('asks at index 0, then at the index it was given, with a deadline above the wait', async () => {
    run.script(answer('a', 10), answer('b', 12), 'hang');
    await run.clock.advance(1_000);
    expect(run.told).toEqual(['answer a', 'answer b']);
    expect(run.indexes).toEqual([0, 10, 12]);
    expect(run.turns.map(({ waitMs, timeoutMs }) => [waitMs, timeoutMs])).toEqual([
      [60_000, defaults.consulTimeoutMs],
      [60_000, 66_500],
      [60_000, 66_500],
    ]);
    await run.stop();
  });

  test.each(['hang', 'deaf'] as const)(
    'a read that hangs (%s) is over at its deadline and asked again at 0',
    async (how) => {
      run.script(answer('a', 10), how, answer('a', 11), 'hang');
      await run.clock.advance(66_499);
      expect(run.told).toEqual(['answer a']);
      await run.clock.advance(1_000);
      expect(run.told).toEqual(['answer a', 'failed TIMEOUT', 'answer a']);
      expect(run.indexes).toEqual([0, 10, 0, 11]);
      expect(run.turns[1]?.signal.aborted).toBe(true);
      await run.stop();
    },
  );

  test('a server asked to answer at once has ten seconds', async () => {
    run.script('deaf', answer('a', 3), 'hang');
    await run.clock.advance(10_100);
    expect(run.told).toEqual(['failed TIMEOUT', 'answer a']);
    await run.stop();
  });

  test.each<[string, ConsulAnswer<string>]>([
    ['goes back', answer('b', 4)],
    ['is 0', answer('b', 0)],
    ['is no number', answer('b', Number.NaN)],
    ['belongs to another space', answer('b', 40, 'space-2')],
  ])('an index that %s begins again at 0', async (_, odd) => {
    run.script(answer('a', 10), odd, answer('c', 5, odd.indexSpace), 'hang');
    await run.clock.advance(2_000);
    expect(run.indexes).toEqual([0, 10, 0, 5]);
    expect(run.told).toEqual(['answer a', 'answer b', 'answer c']);
    await run.stop();
  });

  test('an answer by another address begins there: it was not given the index', async () => {
    const there = { ...answer('b', 3, 'space-2'), address: 'http://127.0.0.2:8500' };
    run.script(answer('a', 10), there, 'hang');
    await run.clock.advance(2_000);
    expect(run.turns.map(({ index, indexFrom }) => [index, indexFrom])).toEqual([
      [0, undefined],
      [10, 'http://127.0.0.1:8500'],
      [3, 'http://127.0.0.2:8500'],
    ]);
    await run.stop();
  });

  test('a space that is new at index 0 is taken as it is', async () => {
    run.script(answer('a', 10), failure('UNAVAILABLE'), answer('b', 3, 'space-2'), 'hang');
    await run.clock.advance(2_000);
    expect(run.indexes).toEqual([0, 10, 0, 3]);
    await run.stop();
  });

  test('equal values are confirmed, not told again', async () => {
    run.script(answer('a', 10), answer('a', 11), answer('a', 12), 'hang');
    await run.clock.advance(2_000);
    expect(run.told).toEqual(['answer a', 'confirmed a', 'confirmed a']);
    await run.stop();
  });

  test('what is equal may be said by the caller', async () => {
    let at = 0;
    run.start(async () => (at < 2 ? answer(at++ === 0 ? 'a' : 'A', at) : new Promise<ConsulAnswer<string>>(() => {})), {
      same: (a, b) => a.toLowerCase() === b.toLowerCase(),
    });
    await run.clock.advance(2_000);
    expect(run.told).toEqual(['answer a', 'confirmed A']);
    await run.stop();
  });

  test('an equal value after a failure is told: it is confirmed again', async () => {
    run.script(answer('a', 10), failure('UNAVAILABLE'), answer('a', 10), 'hang');
    await run.clock.advance(2_000);
    expect(run.told).toEqual(['answer a', 'failed UNAVAILABLE', 'answer a']);
    await run.stop();
  });

  test('a server that answers at once is asked thrice, then once a second', async () => {
    run.script(answer('a', 10));
    await run.clock.advance(9_500);
    expect(run.askedAt).toEqual([0, 0, 0, 0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000]);
    await run.stop();
  });

  test('after a quiet while two changes are taken as fast as they come', async () => {
    const quiet = async (): Promise<ConsulAnswer<string>> => {
      await run.clock.sleep(60_000);
      return answer('a', 10);
    };
    let at = 0;
    run.start(() => (at++ === 1 ? quiet() : Promise.resolve(answer(`v${at}`, 10 + at))));
    await run.clock.advance(60_900);
    expect(run.askedAt).toEqual([0, 0, 60_000, 60_000, 60_000]);
    await run.stop();
  });

  test('failures are retried with full jitter up to ten seconds', async () => {
    run.script(failure('UNAVAILABLE'));
    await run.clock.advance(600_000);
    const waits = run.updates.map((update) => (update.type === 'failed' ? update.retryInMs : Number.NaN));
    for (const [at, wait] of waits.entries()) {
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThan(Math.min(10_000, 50 * 2 ** at));
    }
    const late = waits.slice(10);
    expect(late.length).toBeGreaterThan(60);
    const mean = late.reduce((sum, wait) => sum + wait, 0) / late.length;
    expect(mean).toBeGreaterThan(3_500);
    expect(mean).toBeLessThan(6_500);
    await run.stop();
  });

  test('an answer ends the back-off', async () => {
    const bad = Array.from({ length: 12 }, () => failure('UNAVAILABLE'));
    run.script(...bad, answer('a', 1), failure('UNAVAILABLE'), 'hang');
    await run.clock.advance(120_000);
    const next = run.updates[13];
    expect(next?.type === 'failed' && next.retryInMs < 50).toBe(true);
    await run.stop();
  });

  test.each<ErrorCode>(['PERMISSION_DENIED', 'UNAUTHENTICATED'])('%s is asked about slowly, and told', async (code) => {
    run.script(failure(code));
    await run.clock.advance(60_000);
    expect(run.turns.length).toBeGreaterThanOrEqual(6);
    expect(run.turns.length).toBeLessThanOrEqual(13);
    expect(new Set(run.told)).toEqual(new Set([`failed ${code}`]));
    await run.stop();
  });

  test.each([
    [5_000, 5_000],
    [3_600_000, 60_000],
  ])('a server that asks for %i ms of patience is given %i', async (retryAfterMs, given) => {
    const busy = new ServiceDiscoveryError('RATE_LIMITED', 'later', { details: { retryAfterMs } });
    run.script(busy, answer('a', 1), 'hang');
    await run.clock.advance(given + 100);
    expect(run.askedAt.slice(0, 2)).toEqual([0, given]);
    await run.stop();
  });

  test.each<ErrorCode>(['INVALID_ARGUMENT', 'UNSUPPORTED', 'CLOSED'])('%s ends it', async (code) => {
    run.script(answer('a', 1), failure(code));
    await run.clock.advance(100);
    expect(await run.ended).toMatchObject({ code });
    expect(run.clock.pending).toBe(0);
  });

  test('a read that throws nonsense is a failure like any other', async () => {
    let at = 0;
    run.start((): Promise<ConsulAnswer<string>> => {
      if (at++ === 0) throw new TypeError('x is undefined');
      return at === 2 ? Promise.resolve(answer('a', 1)) : new Promise(() => {});
    });
    await run.clock.advance(1_000);
    expect(run.told).toEqual(['failed INTERNAL', 'answer a']);
    await run.stop();
  });

  test('every five minutes or so it asks at index 0', async () => {
    run.start(async ({ index, waitMs }) => {
      if (index > 0) await run.clock.sleep(waitMs);
      return answer('a', 10);
    });
    await run.clock.advance(3_600_000);
    const resyncs = run.indexes.filter((index) => index === 0).length;
    expect(resyncs).toBeGreaterThanOrEqual(10);
    expect(resyncs).toBeLessThanOrEqual(16);
    expect(run.told.filter((told) => told.startsWith('answer'))).toHaveLength(1);
    run.abort.abort();
    await run.ended;
  });

  test('an abort ends a standing read at once, without an error', async () => {
    run.script(answer('a', 10), 'deaf');
    await run.clock.advance(100);
    expect(await run.stop()).toBeUndefined();
    expect(run.turns.at(-1)?.signal.aborted).toBe(true);
  });

  test('a signal that is aborted already lets nothing begin', async () => {
    run.abort.abort();
    run.script(answer('a', 10));
    expect(await run.stop()).toBeUndefined();
    expect(run.turns).toEqual([]);
  });

  test('return ends it while a read stands', async () => {
    const read = vi.fn(() => new Promise<ConsulAnswer<string>>(() => {}));
    const loop = blockingLoop(read, { clock: run.clock, random: seededRandom(1) });
    const pending = loop.next();
    await settle();
    await loop.return();
    expect(await pending).toEqual({ done: true, value: undefined });
    expect(run.clock.pending).toBe(0);
  });

  test.each([
    [false, 1],
    [true, 0],
  ])('in the background (%s) it keeps no process alive between two turns', async (background, kept) => {
    const before = awake();
    run.start(() => Promise.reject(failure('PERMISSION_DENIED')), { background });
    await settle();
    expect(awake() - before).toBe(kept);
    await run.stop();
    expect(awake()).toBe(before);
  });

  test('thousands of turns leave no listener and no timer', async () => {
    let turns = 0;
    run.start(async () => {
      turns += 1;
      if (turns % 3 === 0) throw failure('UNAVAILABLE');
      return answer(`v${turns}`, turns);
    });
    for (let step = 0; step < 30; step++) {
      await run.clock.advance(100_000);
      expect(run.clock.pending).toBeLessThanOrEqual(2);
      expect(getEventListeners(run.abort.signal, 'abort').length).toBeLessThanOrEqual(2);
    }
    expect(turns).toBeGreaterThan(3_000);
    await run.stop();
  });
});
