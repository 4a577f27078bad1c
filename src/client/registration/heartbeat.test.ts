import { expect, test } from 'vitest';
import { ServiceDiscoveryError } from '../../model/index.js';
import { FakeClock, settle } from '../../testing/fake-clock.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { Heartbeat } from './heartbeat.js';
import type { CheckRequest, HealthReport } from './registration.js';

const TTL_MS = 9_000;

interface World {
  readonly clock: FakeClock;
  readonly heartbeat: Heartbeat;
  /** `ms status output`, of reports that were answered well. */
  readonly reports: string[];
  readonly errors: string[];
  fail: Error | undefined;
  delayMs: number;
}

function world(health?: CheckRequest['health']): World {
  const clock = new FakeClock();
  const reports: string[] = [];
  const errors: string[] = [];
  const it: World = {
    clock,
    reports,
    errors,
    fail: undefined,
    delayMs: 0,
    heartbeat: new Heartbeat(
      { checkId: 'c', ttlMs: TTL_MS, health },
      {
        clock,
        random: seededRandom(1),
        report: async (_checkId, status, output) => {
          if (it.delayMs > 0) await clock.sleep(it.delayMs);
          if (it.fail) throw it.fail;
          reports.push(`${Math.round(clock.now())} ${status} ${output}`.trim());
        },
        onError: ({ code }) => void errors.push(code),
      },
    ),
  };
  return it;
}

const said = ({ reports }: World): (string | undefined)[] => reports.map((line) => line.split(' ').slice(1).join(' '));
const times = ({ reports }: World): number[] => reports.map((line) => Number(line.split(' ')[0]));

test('the first report goes out at once, the others every third of the TTL, a tenth more or less', async () => {
  const it = world();
  await it.heartbeat.start();
  expect(times(it)).toEqual([0]);
  await it.clock.advance(60_000);
  const gaps = times(it)
    .slice(1)
    .map((at, i) => at - (times(it)[i] as number));
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(2_700);
  expect(Math.max(...gaps)).toBeLessThanOrEqual(3_300);
  expect(new Set(gaps).size).toBeGreaterThan(5);
  it.heartbeat.stop();
  expect(it.clock.pending).toBe(0);
});

const REPORTS: readonly (readonly [string, () => unknown, string])[] = [
  ['true', () => true, 'passing'],
  ['a promise of true', async () => true, 'passing'],
  ['false', () => false, 'critical health says no'],
  ['a word', () => 'warning', 'warning'],
  ['a status with an output', () => ({ status: 'warning', output: 'slow' }), 'warning slow'],
  [
    'a throw',
    () => {
      throw new Error('no database');
    },
    'critical no database',
  ],
  ['a rejection', () => Promise.reject(new Error('no database')), 'critical no database'],
  [
    'nothing',
    () => undefined,
    "critical health must return true, false, 'passing', 'warning', 'critical' or { status, output }",
  ],
  [
    'a word of its own',
    () => 'fine',
    "critical health must return true, false, 'passing', 'warning', 'critical' or { status, output }",
  ],
];
test.each(REPORTS)('health that gives %s', async (_name, health, report) => {
  const it = world(health as () => HealthReport);
  await it.heartbeat.start();
  expect(said(it)).toEqual([report]);
  it.heartbeat.stop();
});

test('health that takes too long is critical after half the TTL, and is not asked again meanwhile', async () => {
  let asked = 0;
  let answer: ((healthy: boolean) => void) | undefined;
  const it = world(() => {
    asked += 1;
    return new Promise<boolean>((resolve) => (answer = resolve));
  });
  void it.heartbeat.start();
  await it.clock.advance(TTL_MS / 2 - 1);
  expect(it.reports).toEqual([]);
  await it.clock.advance(1);
  expect(said(it)).toEqual(['critical health has not answered for 4500 ms, half the TTL']);
  await it.clock.advance(20_000);
  expect(asked).toBe(1);
  answer?.(true);
  await settle();
  expect(said(it).at(-1)).toBe('passing');
  const gaps = times(it)
    .slice(1)
    .map((at, i) => at - (times(it)[i] as number));
  expect(Math.max(...gaps)).toBeLessThan(TTL_MS);
  it.heartbeat.stop();
  expect(it.clock.pending).toBe(0);
});

test('an answer that takes most of its time still comes before the TTL is over', async () => {
  const it: World = world(async () => {
    await it.clock.sleep(TTL_MS / 2 - 1);
    return true;
  });
  void it.heartbeat.start();
  await it.clock.advance(120_000);
  const gaps = times(it)
    .slice(1)
    .map((at, i) => at - (times(it)[i] as number));
  expect(Math.max(...gaps)).toBeLessThan(TTL_MS);
  it.heartbeat.stop();
});

test('a failed report is repeated sooner, and told', async () => {
  const it = world();
  it.fail = new ServiceDiscoveryError('UNAVAILABLE', 'refused');
  await it.heartbeat.start();
  await it.clock.advance(10_000);
  expect(it.errors.length).toBeGreaterThan(4);
  expect(it.errors.length).toBeLessThan(40);
  it.fail = undefined;
  await it.clock.advance(3_000);
  expect(said(it)).toContain('passing');
  it.heartbeat.stop();
});

test('after a stall one report goes out, not those that were missed', async () => {
  const it = world();
  await it.heartbeat.start();
  it.clock.stall(60_000);
  await it.clock.advance(1);
  expect(times(it)).toEqual([0, 60_000]);
  it.heartbeat.stop();
});

test('what its owner says goes out at once and is repeated; reports never overlap', async () => {
  const it = world();
  await it.heartbeat.start();
  it.delayMs = 1_000;
  const first = it.heartbeat.say({ status: 'warning', output: 'a' });
  const second = it.heartbeat.say({ status: 'critical', output: 'b' });
  await it.clock.advance(2_000);
  await Promise.all([first, second]);
  expect(it.reports.slice(1)).toEqual(['1000 warning a', '2000 critical b']);
  await it.clock.advance(5_000);
  expect(said(it).at(-1)).toBe('critical b');
  it.heartbeat.stop();
});

test('after stop nothing is reported, not even what a slow health says', async () => {
  let answer: ((healthy: boolean) => void) | undefined;
  const it = world(() => new Promise<boolean>((resolve) => (answer = resolve)));
  const started = it.heartbeat.start();
  await settle();
  it.heartbeat.stop();
  answer?.(true);
  await started;
  await it.clock.advance(60_000);
  expect(it.reports).toEqual([]);
  expect(it.clock.pending).toBe(0);
});

test('an output longer than a check may have is cut', async () => {
  const it = world(() => ({ status: 'passing', output: 'x'.repeat(100_000) }));
  await it.heartbeat.start();
  expect(it.reports[0]?.length).toBeLessThan(5_000);
  it.heartbeat.stop();
});
