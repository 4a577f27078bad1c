import { expect, test, vi } from 'vitest';
import { settle } from '../testing/fake-clock.js';
import { EventHub } from './event-hub.js';
import { silentLogger } from './logger.js';

interface Events {
  came: number;
  went: string;
}

test('listeners hear their event alone, in order, until they unsubscribe', () => {
  const hub = new EventHub<Events>(silentLogger, 'failed');
  const heard: unknown[] = [];
  const off = hub.on('came', (n) => void heard.push(n));
  hub.on('came', (n) => void heard.push(-n));
  expect(hub.isSilent).toBe(false);
  hub.emit('came', 1);
  hub.emit('went', 'x');
  off();
  off();
  hub.emit('came', 2);
  expect(heard).toEqual([1, -1, -2]);
});

test('one that throws or rejects is logged and harms nobody else', async () => {
  const error = vi.fn();
  const hub = new EventHub<Events>({ ...silentLogger, error }, 'test.listener_failed');
  const heard: number[] = [];
  hub.on('came', () => {
    throw new Error('thrown');
  });
  hub.on('came', async () => {
    throw new Error('rejected');
  });
  hub.on('came', (n) => void heard.push(n));
  hub.emit('came', 1);
  await settle();
  expect(heard).toEqual([1]);
  expect(error.mock.calls.map(([, name]) => name)).toEqual(['test.listener_failed', 'test.listener_failed']);
});

test('without a listener nothing happens', () => {
  const hub = new EventHub<Events>(silentLogger, 'failed');
  expect(hub.isSilent).toBe(true);
  hub.emit('came', 1);
});
