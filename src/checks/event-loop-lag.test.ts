import { expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.js';
import { EventLoopLag } from './event-loop-lag.js';

it('counts a stall once, before and after its beat has fired', async () => {
  const clock = new FakeClock();
  const lag = new EventLoopLag(clock);
  lag.watch();
  await clock.advance(1_000);
  expect(lag.totalMs).toBe(0);
  clock.stall(2_000);
  expect(lag.totalMs).toBe(1_950);
  await clock.advance(0);
  expect(lag.totalMs).toBe(1_950);
  await clock.advance(1_000);
  expect(lag.totalMs).toBe(1_950);
  lag.unwatch();
});

it('does not mind the lateness of an ordinary timer', async () => {
  const clock = new FakeClock();
  const lag = new EventLoopLag(clock);
  lag.watch();
  for (let beat = 0; beat < 20; beat++) {
    clock.stall(55);
    await clock.advance(0);
  }
  expect(lag.totalMs).toBe(0);
});

it('beats only while somebody watches', async () => {
  const clock = new FakeClock();
  const lag = new EventLoopLag(clock);
  lag.watch();
  lag.watch();
  lag.unwatch();
  expect(clock.pending).toBe(1);
  lag.unwatch();
  expect(clock.pending).toBe(0);
  clock.stall(5_000);
  expect(lag.totalMs).toBe(0);
});
