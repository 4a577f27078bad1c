import { expect, test } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.js';
import { Positions } from './positions.js';

function positions() {
  const clock = new FakeClock();
  const at = new Map([['a', { inc: 5, ver: 3 }]]);
  let settled = Promise.resolve();
  const it = new Positions({
    clock,
    position: (stream) => at.get(stream) ?? { inc: 0, ver: 0 },
    settled: () => settled,
  });
  return { it, clock, at, settle: (promise: Promise<void>): void => void (settled = promise) };
}

test.each([
  [{ inc: 5, ver: 3 }, true],
  [{ inc: 4, ver: 90 }, true],
  [{ inc: 5, ver: 4 }, false],
  [{ inc: 6, ver: 1 }, false],
])('known at incarnation 5, version 3: %j %s', async (need, isKnown) => {
  const { it, clock } = positions();
  const known = it.known([{ stream: 'a', ...need }], 10).then(
    () => true,
    () => false,
  );
  await clock.advance(10);
  expect(await known).toBe(isKnown);
  expect(clock.pending).toBe(0);
});

test('waits for every stream, and then for readers to see it', async () => {
  const { it, at, settle } = positions();
  let shown: (() => void) | undefined;
  settle(new Promise<void>((resolve) => (shown = resolve)));
  const needs = [
    { stream: 'a', inc: 5, ver: 4 },
    { stream: 'b', inc: 1, ver: 1 },
  ];
  let isKnown = false;
  const known = it.known(needs, 1_000).then(() => (isKnown = true));
  at.set('a', { inc: 5, ver: 9 });
  it.look();
  at.set('b', { inc: 1, ver: 1 });
  it.look();
  await Promise.resolve();
  expect(isKnown).toBe(false);
  shown?.();
  await known;
});

test('what does not come in time is told', async () => {
  const { it, clock } = positions();
  const known = it.known([{ stream: 'b', inc: 1, ver: 1 }], 100);
  known.catch(() => {});
  await clock.advance(100);
  await expect(known).rejects.toMatchObject({ code: 'TIMEOUT' });
});
