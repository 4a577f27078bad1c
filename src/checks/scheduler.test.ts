import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CheckDefinition, type CheckResult, type CheckRunner, limits, toCheckDefinition } from '../model/index.js';
import { FakeClock, settle } from '../testing/fake-clock.js';
import { seededRandom } from '../testing/seeded-random.js';
import { fractionOf } from './schedule.js';
import { CheckScheduler, type SchedulerOptions } from './scheduler.js';

interface Seen {
  readonly id: string;
  readonly atMs: number;
  readonly result: CheckResult;
}

interface Started {
  readonly atMs: number;
  readonly target: string;
  readonly signal: AbortSignal;
  finish(result?: CheckResult): void;
}

const good: CheckResult = { status: 'passing', output: 'good' };
let clock: FakeClock;
let seen: Seen[];
let started: Started[];
/** How long a run takes; Infinity: until the test finishes it. */
let takesMs: number;
let heedsAbort: boolean;
let scheduler: CheckScheduler;

const runner: CheckRunner = {
  run: (check, signal) =>
    new Promise((resolve) => {
      const finish = (result = good): void => resolve(result);
      started.push({ atMs: clock.now(), target: check.target, signal, finish });
      if (takesMs === 0) return finish();
      if (takesMs < Infinity) clock.after(takesMs, finish);
      signal.addEventListener('abort', () => {
        if (heedsAbort) finish({ status: 'critical', output: (signal.reason as Error).message });
      });
    }),
};

function schedulerWith(options: Partial<SchedulerOptions> = {}): CheckScheduler {
  return new CheckScheduler({
    clock,
    random: seededRandom(1),
    runnerOf: () => runner,
    onResult: (id, result) => seen.push({ id, atMs: clock.now(), result }),
    ...options,
  });
}

function tcp(interval: string, address = 'web:80', timeout?: string): CheckDefinition {
  return toCheckDefinition({ TCP: address, Interval: interval, Timeout: timeout });
}

function timesOf(id: string): number[] {
  return seen.filter((one) => one.id === id).map(({ atMs }) => atMs);
}

beforeEach(() => {
  clock = new FakeClock();
  seen = [];
  started = [];
  takesMs = 0;
  heedsAbort = true;
  scheduler = schedulerWith();
});

afterEach(async () => {
  const closing = scheduler.close();
  await clock.advance(10_000);
  await closing;
});

describe('when checks run', () => {
  it('soon: within a second, then at the hash phase, then an interval after each end', async () => {
    scheduler.add('one', tcp('10s'), { firstRun: 'soon' });
    const phase = fractionOf('one');
    takesMs = 500;
    await clock.advance(120_000);
    const starts = started.map(({ atMs }) => atMs);
    expect(starts[0]).toBeCloseTo(phase * 1_000, 5);
    expect(starts[1]).toBeCloseTo(phase * 10_000, 5);
    for (let turn = 2; turn < starts.length; turn++) {
      const pauseMs = (starts[turn] as number) - (starts[turn - 1] as number) - 500;
      expect(pauseMs).toBeGreaterThanOrEqual(10_000);
      expect(pauseMs).toBeLessThanOrEqual(10_510);
    }
    expect(starts.length).toBeGreaterThanOrEqual(11);
  });

  it('soon, with an interval of a second or less: within that', async () => {
    scheduler.add('one', tcp('100ms'), { firstRun: 'soon' });
    await clock.advance(1_000);
    expect(timesOf('one')).toHaveLength(1);
    await clock.advance(10_000);
    expect(timesOf('one').length).toBeGreaterThanOrEqual(10);
    expect(timesOf('one').length).toBeLessThanOrEqual(11);
  });

  it('phase: at the hash phase of the interval, not before', async () => {
    scheduler.add('one', tcp('10s'), { firstRun: 'phase' });
    await clock.advance(fractionOf('one') * 10_000 - 1);
    expect(seen).toEqual([]);
    await clock.advance(6);
    expect(timesOf('one')).toHaveLength(1);
  });

  it('ten thousand registered at once are spread over the interval after their first run', async () => {
    scheduler = schedulerWith({ atOncePerTarget: 10_000, atOnce: 10_000 });
    for (let id = 0; id < 10_000; id++) scheduler.add(`check-${id}`, tcp('10s'), { firstRun: 'soon' });
    await clock.advance(1_010);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(10_000);
    const perSecond: number[] = [];
    for (let second = 2; second < 10; second++) {
      const before = seen.length;
      await clock.advance(1_000);
      perSecond.push(seen.length - before);
    }
    for (const count of perSecond) expect(Math.abs(count - 1_000)).toBeLessThan(200);
  });

  it('now, when asked, and again when it is running already', async () => {
    scheduler.add('one', tcp('60s'), { firstRun: 'phase' });
    expect(scheduler.runNow('one')).toBe(true);
    expect(scheduler.runNow('nobody')).toBe(false);
    takesMs = Infinity;
    await clock.advance(10);
    expect(started).toHaveLength(1);
    scheduler.runNow('one');
    started[0]?.finish();
    await clock.advance(10);
    expect(started).toHaveLength(2);
    started[1]?.finish();
    await clock.advance(30_000);
    expect(started).toHaveLength(2);
  });

  it('no more after removal, and as newly defined after a second add', async () => {
    scheduler.add('one', tcp('1s', 'old:1'), { firstRun: 'soon' });
    scheduler.add('two', tcp('1s', 'old:1'), { firstRun: 'soon' });
    expect(scheduler.remove('one')).toBe(true);
    expect(scheduler.remove('one')).toBe(false);
    scheduler.add('two', tcp('1s', 'new:1'), { firstRun: 'soon' });
    await clock.advance(5_000);
    expect(timesOf('one')).toEqual([]);
    expect(new Set(started.map(({ target }) => target))).toEqual(new Set(['new:1']));
  });

  it('not later for being registered again as it is', async () => {
    for (let second = 0; second < 30; second++) {
      scheduler.add('one', tcp('10s'), { firstRun: 'phase' });
      await clock.advance(1_000);
    }
    expect(timesOf('one').length).toBeGreaterThanOrEqual(2);
  });

  it('sooner for being registered again without a status', async () => {
    scheduler.add('one', tcp('60s'), { firstRun: 'phase' });
    scheduler.add('one', tcp('60s'), { firstRun: 'soon' });
    await clock.advance(1_010);
    expect(timesOf('one')).toHaveLength(1);
  });

  it('gives no result of a run whose check was removed or replaced meanwhile', async () => {
    takesMs = Infinity;
    scheduler.add('one', tcp('1s'), { firstRun: 'soon' });
    await clock.advance(1_010);
    scheduler.add('one', tcp('1s', 'new:1'), { firstRun: 'phase' });
    expect(started[0]?.signal.aborted).toBe(true);
    await settle();
    expect(seen).toEqual([]);
    takesMs = 0;
    await clock.advance(1_010);
    expect(seen).toHaveLength(1);
  });

  it('refuses a check that nobody can run', () => {
    scheduler = schedulerWith({ runnerOf: () => undefined });
    const check = toCheckDefinition({ TTL: '10s' });
    expect(() => scheduler.add('one', check, { firstRun: 'soon' })).toThrow('there is no runner for a ttl check');
  });
});

describe('how many run at once', () => {
  it('is bounded in all and per target; the longest due go first', async () => {
    scheduler = schedulerWith({ atOnce: 10, atOncePerTarget: 4 });
    takesMs = Infinity;
    for (let id = 0; id < 9; id++) scheduler.add(`slow-${id}`, tcp('1s', 'slow:1'), { firstRun: 'soon' });
    for (let id = 0; id < 20; id++) scheduler.add(`other-${id}`, tcp('1s', `other-${id}:1`), { firstRun: 'soon' });
    await clock.advance(1_010);
    expect(started).toHaveLength(10);
    expect(started.filter(({ target }) => target === 'slow:1').length).toBeLessThanOrEqual(4);
    expect(scheduler.metrics()).toMatchObject({ checks: 29, inFlight: 10, queued: 19 });
    for (let turn = 0; turn < 29; turn++) {
      started[turn]?.finish();
      await settle();
    }
    expect(new Set(seen.map(({ id }) => id)).size).toBe(29);
  });

  it('does not count the patient UDP checks among the others', async () => {
    scheduler = schedulerWith({ atOnce: 2 });
    takesMs = Infinity;
    const udp = toCheckDefinition({ UDP: 'dns:53', Interval: '1s' });
    for (const id of ['a', 'b', 'c']) scheduler.add(id, udp, { firstRun: 'soon' });
    scheduler.add('d', tcp('1s'), { firstRun: 'soon' });
    await clock.advance(1_010);
    expect(started.map(({ target }) => target).sort()).toEqual(['dns:53', 'dns:53', 'web:80']);
  });

  it('counts a run that starts more than an interval late', async () => {
    scheduler = schedulerWith({ atOnce: 1 });
    takesMs = Infinity;
    scheduler.add('a', tcp('1s'), { firstRun: 'soon' });
    scheduler.add('b', tcp('1s'), { firstRun: 'soon' });
    await clock.advance(3_000);
    started[0]?.finish();
    await settle();
    expect(scheduler.metrics()).toMatchObject({ started: 2, late: 1 });
  });
});

describe('how long a run may take', () => {
  beforeEach(() => {
    takesMs = Infinity;
    scheduler.add('one', tcp('60s', 'web:80', '2s'), { firstRun: 'soon' });
  });

  it('its timeout, then it is aborted and its own words count', async () => {
    await clock.advance(1_010);
    const begun = started[0]?.atMs as number;
    await clock.advance(begun + 2_000 - clock.now() - 1);
    expect(started[0]?.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(seen).toMatchObject([
      { id: 'one', result: { status: 'critical', output: 'the check took longer than 2s' } },
    ]);
    expect(scheduler.metrics()).toMatchObject({ timedOut: 1, stuck: 0, inFlight: 0 });
  });

  it('is given up when it ignores its abort, and a late word of it changes nothing', async () => {
    heedsAbort = false;
    await clock.advance(1_010 + 2_000 + limits.checkStopMs);
    expect(seen).toMatchObject([{ result: { status: 'critical', output: expect.stringContaining('did not stop') } }]);
    expect(scheduler.metrics()).toMatchObject({ timedOut: 1, stuck: 1, inFlight: 0 });
    started[0]?.finish();
    await settle();
    expect(seen).toHaveLength(1);
  });

  it('does not count a stall of the event loop', async () => {
    await clock.advance(1_010);
    const begun = started[0]?.atMs as number;
    await clock.advance(begun + 1_000 - clock.now());
    clock.stall(5_000);
    await clock.advance(900);
    expect(started[0]?.signal.aborted).toBe(false);
    await clock.advance(200);
    expect(started[0]?.signal.aborted).toBe(true);
    expect(scheduler.metrics().lagMs).toBeGreaterThan(4_900);
  });

  it('leaves no timer behind', async () => {
    await clock.advance(1_010);
    started[0]?.finish();
    await settle();
    // The next run's wake-up alone.
    expect(clock.pending).toBe(1);
  });
});

describe('results', () => {
  it.each([
    ['a rejection', () => Promise.reject(new Error('broken'))],
    [
      'an exception',
      () => {
        throw new Error('broken');
      },
    ],
  ])('%s of a runner is critical', async (_, run) => {
    scheduler = schedulerWith({ runnerOf: () => ({ run }) });
    scheduler.add('one', tcp('1s'), { firstRun: 'soon' });
    await clock.advance(1_010);
    expect(seen[0]?.result).toEqual({ status: 'critical', output: 'broken' });
  });

  it('may lead to the removal of their check', async () => {
    scheduler = schedulerWith({
      onResult: (id, result) => {
        seen.push({ id, atMs: clock.now(), result });
        scheduler.remove(id);
      },
    });
    scheduler.add('one', tcp('1s'), { firstRun: 'soon' });
    await clock.advance(10_000);
    expect(seen).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });
});

describe('close', () => {
  it('aborts what runs, waits for it, and is harmless twice', async () => {
    takesMs = Infinity;
    for (const id of ['a', 'b']) scheduler.add(id, tcp('1s', id), { firstRun: 'soon' });
    await clock.advance(1_010);
    await scheduler.close();
    expect(started.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    expect(seen).toEqual([]);
    expect(scheduler.metrics()).toMatchObject({ checks: 0, inFlight: 0 });
    await scheduler.close();
    expect(() => scheduler.add('c', tcp('1s'), { firstRun: 'soon' })).toThrow('closed');
  });

  it('does not wait for ever for a runner that does not stop', async () => {
    takesMs = Infinity;
    heedsAbort = false;
    scheduler.add('a', tcp('1s'), { firstRun: 'soon' });
    await clock.advance(1_010);
    let closed = false;
    const closing = scheduler.close().then(() => (closed = true));
    await clock.advance(limits.checkStopMs - 1);
    expect(closed).toBe(false);
    await clock.advance(1);
    await closing;
    expect(clock.pending).toBe(0);
  });
});

it('a hundred thousand checks are added and removed in no time', () => {
  const before = performance.now();
  for (let id = 0; id < 100_000; id++) scheduler.add(`check-${id}`, tcp('10s'), { firstRun: 'phase' });
  for (let id = 0; id < 100_000; id++) scheduler.remove(`check-${id}`);
  // Twentyfold of what it takes, for a busy machine.
  expect(performance.now() - before).toBeLessThan(10_000);
});
