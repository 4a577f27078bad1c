import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { abortable } from './abortable.js';

async function* untilAborted(signal: AbortSignal): AsyncGenerator<number, void, undefined> {
  yield 1;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

test('return does not wait for a pending next', async () => {
  const outer = new AbortController();
  const iteration = abortable(outer.signal, untilAborted);
  expect(await iteration.next()).toEqual({ done: false, value: 1 });
  const pending = iteration.next();
  expect(await iteration.return()).toEqual({ done: true, value: undefined });
  expect(await pending).toEqual({ done: true, value: undefined });
  expect(getEventListeners(outer.signal, 'abort')).toEqual([]);
});

test('the outer signal ends it, and is let go of', async () => {
  const outer = new AbortController();
  const seen: number[] = [];
  for await (const value of abortable(outer.signal, untilAborted)) {
    seen.push(value);
    queueMicrotask(() => outer.abort());
  }
  expect(seen).toEqual([1]);
  expect(getEventListeners(outer.signal, 'abort')).toEqual([]);
});

test('nothing begins before the first next, or after an abort', async () => {
  const outer = new AbortController();
  let begun = 0;
  const iterate = async function* (): AsyncGenerator<number, void, undefined> {
    yield (begun += 1);
  };
  await abortable(outer.signal, iterate).return();
  expect(getEventListeners(outer.signal, 'abort')).toEqual([]);
  outer.abort();
  expect(await abortable(outer.signal, iterate).next()).toEqual({ done: true, value: undefined });
  expect(begun).toBe(0);
});
