import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { onAbort } from './on-abort.js';

test('everybody is told once, in order, over one listener', () => {
  const { signal, abort } = controller();
  const told: number[] = [];
  for (let i = 0; i < 100; i++) onAbort(signal, () => told.push(i));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  abort();
  abort();
  expect(told).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('who takes it back is not told; with the last the listener goes, and comes again', () => {
  const { signal, abort } = controller();
  const told: string[] = [];
  const act = (): unknown => told.push('same');
  const [first, second] = [onAbort(signal, act), onAbort(signal, act)];
  first();
  first();
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  second();
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  onAbort(signal, act);
  first();
  abort();
  expect(told).toEqual(['same']);
});

test('one that takes back another while they are told', () => {
  const { signal, abort } = controller();
  const told: string[] = [];
  onAbort(signal, () => {
    told.push('a');
    takeBack();
  });
  const takeBack = onAbort(signal, () => told.push('b'));
  onAbort(signal, () => told.push('c'));
  abort();
  expect(told).toEqual(['a', 'c']);
});

test('an aborted signal tells at once, none never', () => {
  let told = 0;
  onAbort(AbortSignal.abort(), () => told++)();
  onAbort(undefined, () => told++)();
  expect(told).toBe(1);
});

function controller(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const made = new AbortController();
  return { signal: made.signal, abort: () => made.abort() };
}
