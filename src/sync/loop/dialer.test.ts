import { beforeEach, describe, expect, test } from 'vitest';
import { ServiceDiscoveryError } from '../../model/index.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { memberInfo } from '../../testing/member-world.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { Dialer } from './dialer.js';

let clock: FakeClock;
let dialled: string[];
let failed: string[];
let answer: (port: number) => Promise<string>;
let linked: Set<string>;
let dialer: Dialer;
beforeEach(() => {
  clock = new FakeClock();
  dialled = [];
  failed = [];
  linked = new Set();
  answer = () => Promise.reject(unreachable('timeout'));
  dialer = new Dialer({
    self: 'm',
    clock,
    random: seededRandom(1),
    isLinked: (origin) => linked.has(origin),
    reach: ({ port }) => {
      dialled.push(`${clock.now()} ${port}`);
      return answer(port);
    },
    failed: ({ origin }, evidence) => failed.push(`${origin} ${evidence}`),
  });
});

const unreachable = (evidence: string, refusal?: string) =>
  new ServiceDiscoveryError('UNAVAILABLE', 'no', {
    details: {
      evidence,
      by: 'them',
      ...(refusal ? { refusal: { code: refusal, reason: '' } } : {}),
    },
  });
const z = memberInfo('z', { port: 1 });
const b = memberInfo('b', { port: 2 });

test('the smaller origin dials at once, the larger one leaves the other some time', async () => {
  dialer.reconcile([z, b]);
  await clock.advance(0);
  expect(dialled).toEqual(['0 1']);
  await clock.advance(400);
  expect(dialled.some((line) => line.endsWith(' 2'))).toBe(true);
});

test('tries for ever, further apart, up to the cap', async () => {
  dialer.reconcile([z]);
  await clock.advance(120_000);
  const times = dialled.map((line) => Number(line.split(' ')[0]));
  const gaps = times.slice(1).map((time, at) => time - (times[at] ?? 0));
  expect(times.length).toBeGreaterThan(24);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(5_000);
  expect(Math.max(...gaps)).toBeGreaterThan(2_000);
  expect(failed.every((line) => line === 'z soft')).toBe(true);
});

test('goes where the member is now, and no further once it is met or no longer wanted', async () => {
  dialer.reconcile([z]);
  await clock.advance(0);
  dialer.reconcile([{ ...z, port: 9 }]);
  await clock.advance(1_000);
  expect(dialled.at(-1)).toMatch(/ 9$/);
  dialer.reconcile([]);
  const count = dialled.length;
  await clock.advance(60_000);
  expect([dialled.length, clock.pending]).toEqual([count, 0]);
  linked.add('z');
  dialer.reconcile([z]);
  await clock.advance(1_000);
  expect(dialled.length).toBe(count);
});

describe('after a loss', () => {
  test('it looks at once and a moment later: two refusals are evidence', async () => {
    answer = () => Promise.reject(unreachable('refused'));
    dialer.lost(b);
    await clock.advance(100);
    expect(dialled.slice(0, 2)).toEqual(['0 2', '100 2']);
    expect(failed.slice(0, 2)).toEqual(['b hard', 'b hard']);
  });

  test('somebody else at that address is evidence too', async () => {
    answer = () => Promise.resolve('x');
    dialer.lost(b);
    await clock.advance(0);
    expect(failed).toEqual(['b hard']);
  });

  test('a refusal in words is not: somebody is there', async () => {
    answer = () => Promise.reject(unreachable('closed', 'name'));
    dialer.lost(b);
    await clock.advance(0);
    expect(failed).toEqual(['b soft']);
    answer = () => Promise.reject(unreachable('closed', 'duplicate'));
    await clock.advance(100);
    expect(failed).toEqual(['b soft']);
  });

  test('met again, it is left alone', async () => {
    answer = () => Promise.resolve('b');
    dialer.lost(b);
    await clock.advance(0);
    expect([...dialer.pending()]).toEqual([]);
    expect(failed).toEqual([]);
  });
});

test('what is dialled is told apart from what waits', async () => {
  answer = () => new Promise(() => {});
  dialer.reconcile([z, b]);
  await clock.advance(0);
  expect(Array.from(dialer.pending(), ({ member, isDialled }) => [member.origin, isDialled])).toEqual([
    ['z', true],
    ['b', false],
  ]);
  dialer.close();
  dialer.reconcile([z]);
  expect([...dialer.pending()]).toEqual([]);
  expect(clock.pending).toBe(0);
});
