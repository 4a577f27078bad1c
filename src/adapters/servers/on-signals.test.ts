import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { onSignals } from './on-signals.js';

const SIGNAL = 'SIGUSR2';
let exits: unknown[];

beforeEach(() => {
  exits = [];
  vi.spyOn(process, 'exit').mockImplementation(((code: unknown) => void exits.push(code)) as never);
});
afterEach(() => {
  vi.restoreAllMocks();
  expect(process.listenerCount(SIGNAL)).toBe(0);
});

/** A service that is asked to leave, and has when the test says so. */
class Leaving {
  asked = 0;
  private readonly events = new EventEmitter();

  readonly leave = async (): Promise<void> => {
    this.asked++;
    await once(this.events, 'left');
  };

  left(): void {
    this.events.emit('left');
  }
}

test('the process ends with 0 once all services have left', async () => {
  const [a, b] = [new Leaving(), new Leaving()];
  onSignals([SIGNAL], a.leave);
  onSignals([SIGNAL], b.leave);
  expect(process.listenerCount(SIGNAL)).toBe(1);
  process.emit(SIGNAL);
  expect([a.asked, b.asked]).toEqual([1, 1]);
  expect(process.listenerCount(SIGNAL), 'a second signal does what it always does').toBe(0);
  a.left();
  await new Promise(setImmediate);
  expect(exits).toEqual([]);
  b.left();
  await expect.poll(() => exits).toEqual([0]);
});

test('a service that left by itself is not asked', async () => {
  const [a, b] = [new Leaving(), new Leaving()];
  const forget = onSignals([SIGNAL], a.leave);
  const forgetOther = onSignals([SIGNAL], b.leave);
  forget();
  forget();
  process.emit(SIGNAL);
  expect([a.asked, b.asked]).toEqual([0, 1]);
  b.left();
  await expect.poll(() => exits).toEqual([0]);
  forgetOther();
});

test('when all are gone nothing listens', () => {
  onSignals([SIGNAL], new Leaving().leave)();
  expect(process.listenerCount(SIGNAL)).toBe(0);
});

test.each([[false], [undefined], [[]]])('%j: no signal is taken', (signals) => {
  const before = process.eventNames().length;
  onSignals(signals, new Leaving().leave);
  expect(process.eventNames().length).toBe(before);
});

test('true is SIGTERM', () => {
  const before = process.listenerCount('SIGTERM');
  const forget = onSignals(true, new Leaving().leave);
  expect(process.listenerCount('SIGTERM')).toBe(before + 1);
  forget();
  expect(process.listenerCount('SIGTERM')).toBe(before);
});
