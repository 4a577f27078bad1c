import { expect, test, vi } from 'vitest';
import { topic } from '../../model/index.js';
import { Touched } from './touched.js';
import { Wakers } from './wakers.js';

function touching(...keys: readonly string[]): Touched {
  const touched = new Touched();
  for (const key of keys) touched.key(key);
  return touched;
}

test('a prefix is woken once for many keys under it, and not for others', () => {
  const wakers = new Wakers();
  const wake = vi.fn<() => void>();
  wakers.subscribe(topic.keyPrefix('app/'), wake);
  wakers.wake(touching('app/a', 'app/b', 'app/'));
  expect(wake).toHaveBeenCalledTimes(1);
  wakers.wake(touching('app', 'apq/', 'b'));
  expect(wake).toHaveBeenCalledTimes(1);
});

test('a prefix stays woken while one of its waiters is left', () => {
  const wakers = new Wakers();
  const wake = vi.fn<() => void>();
  const leave = wakers.subscribe(topic.keyPrefix('a'), vi.fn<() => void>());
  const leaveOther = wakers.subscribe(topic.keyPrefix('b'), vi.fn<() => void>());
  wakers.subscribe(topic.keyPrefix('a'), wake);
  leave();
  leave();
  leaveOther();
  wakers.wake(touching('ab'));
  expect(wake).toHaveBeenCalledTimes(1);
});

test('a key with colons is its own name', () => {
  const wakers = new Wakers();
  const wake = vi.fn<() => void>();
  wakers.subscribe(topic.key('a:b'), wake);
  wakers.wake(touching('a'));
  expect(wake).not.toHaveBeenCalled();
  wakers.wake(touching('a:b'));
  expect(wake).toHaveBeenCalledTimes(1);
});

test('who subscribes while being woken waits for the next change', () => {
  const wakers = new Wakers();
  const late = vi.fn<() => void>();
  wakers.subscribe(topic.key('a'), () => wakers.subscribe(topic.key('a'), late));
  wakers.wake(touching('a'));
  expect(late).not.toHaveBeenCalled();
  wakers.wake(touching('a'));
  expect(late).toHaveBeenCalledTimes(1);
});

test('who leaves while others are woken is not called', () => {
  const wakers = new Wakers();
  const left = vi.fn<() => void>();
  const leaving: (() => void)[] = [];
  wakers.subscribe(topic.key('a'), () => leaving[0]?.());
  leaving.push(wakers.subscribe(topic.key('a'), left));
  wakers.wake(touching('a'));
  expect(left).not.toHaveBeenCalled();
});
