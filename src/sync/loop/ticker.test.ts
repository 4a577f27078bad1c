import { expect, test } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.js';
import { Ticker } from './ticker.js';

function ticker() {
  const clock = new FakeClock();
  const lags: number[] = [];
  const it = new Ticker({ clock, everyMs: 50, received: () => received, tick: (lagMs) => lags.push(lagMs) });
  let received = 0;
  return { it, clock, lags, receive: () => received++ };
}

test('tells the time as often as it is to', async () => {
  const { it, clock, lags } = ticker();
  it.start();
  await clock.advance(200);
  expect(lags).toEqual([0, 0, 0, 0]);
  it.close();
  expect(clock.pending).toBe(0);
});

test('says by how much it was late', async () => {
  const { it, clock, lags } = ticker();
  it.start();
  clock.stall(3_050);
  await clock.advance(50);
  expect(lags).toEqual([3_000, 0]);
  expect(it.lagMs).toBeGreaterThan(0);
});

test('after a sleep what came in meanwhile is handed over first, as long as more keeps coming, but not for ever', async () => {
  const { it, clock, lags, receive } = ticker();
  it.start();
  clock.stall(1_000);
  const order: string[] = [];
  let more = 3;
  const socket = (): void => {
    receive();
    order.push(`message, ${lags.length} ticks`);
    if (--more > 0) clock.after(0, socket);
  };
  clock.after(0, socket);
  await clock.advance(0);
  expect(order).toEqual(['message, 0 ticks', 'message, 0 ticks', 'message, 0 ticks']);
  expect(lags).toHaveLength(1);
  clock.stall(1_000);
  more = 1_000;
  clock.after(0, socket);
  await clock.advance(0);
  expect(lags).toHaveLength(2);
  expect(more).toBeLessThan(1_000);
});

test('a tick that ends it is the last one', async () => {
  const clock = new FakeClock();
  const it: Ticker = new Ticker({ clock, everyMs: 50, received: () => 0, tick: () => it.close() });
  it.start();
  await clock.advance(500);
  expect(clock.pending).toBe(0);
});
