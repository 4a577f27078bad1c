import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { defaults } from '../../model/index.js';
import { HeldTurns } from './held-turns.js';

const idle = (): AbortSignal => new AbortController().signal;

test('while there are places enough nobody is hurried', async () => {
  const turns = new HeldTurns(8);
  for (let i = 0; i < 6; i++) await turns.enter(idle());
  expect(turns.mostWaitMs).toBe(Number.POSITIVE_INFINITY);
  await turns.enter(idle());
  expect(turns.mostWaitMs).toBe(Math.floor((defaults.heldRoundMs * 8) / 7));
});

test('beyond that each has its share of a round, in the order they came', async () => {
  const turns = new HeldTurns(2);
  const leave = [await turns.enter(idle()), await turns.enter(idle())];
  const came: number[] = [];
  const later = [2, 3, 4].map((nth) => turns.enter(idle()).then((left) => (came.push(nth), left)));
  expect(turns.mostWaitMs).toBe((defaults.heldRoundMs * 2) / 5);
  leave[0]?.();
  (await later[0])?.();
  expect(came).toEqual([2]);
  await later[1];
  leave[1]?.();
  await later[2];
  expect(came).toEqual([2, 3, 4]);
});

test('a share is never so short that only asking is left', () => {
  const turns = new HeldTurns(1);
  for (let i = 0; i < 1_000; i++) turns.enter(idle()).catch(() => {});
  expect(turns.mostWaitMs).toBe(defaults.heldShareMs);
});

test('who gives up leaves nothing behind', async () => {
  const turns = new HeldTurns(1);
  const leave = await turns.enter(idle());
  const stop = new AbortController();
  const gone = turns.enter(stop.signal);
  const patient = idle();
  const next = turns.enter(patient);
  stop.abort();
  await expect(gone).rejects.toBe(stop.signal.reason);
  await expect(turns.enter(stop.signal)).rejects.toBe(stop.signal.reason);
  leave();
  (await next)();
  expect(turns.mostWaitMs).toBe(Number.POSITIVE_INFINITY);
  expect(getEventListeners(patient, 'abort')).toEqual([]);
});
