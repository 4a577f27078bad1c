import { expect, test } from 'vitest';
import { refOf } from '../../model/index.js';
import { nodeRow } from '../../testing/catalog-world.js';
import { FakeClock } from '../../testing/fake-clock.js';
import type { LocalSet } from '../host.js';
import { LocalBatch } from './local-batch.js';

const change = (node: string) => {
  const after = nodeRow(node);
  return { ref: refOf(after), after };
};

function batch(settings = { flushMs: 2, flushBytes: 16 * 1024 }) {
  const clock = new FakeClock();
  const taken: string[] = [];
  const it = new LocalBatch(clock, settings, ({ kind, index, changes }) =>
    taken.push(`${kind} ${index}: ${changes.map(({ ref }) => ref.node).join(' ')}`),
  );
  const add = (index: number, ...nodes: string[]): void =>
    it.add({ kind: 'catalog', space: 's', index, changes: nodes.map(change) });
  const addState = (fields: Partial<LocalSet>): void =>
    it.add({ kind: 'state', space: 's', index: 0, changes: [], ...fields });
  return { it, clock, taken, add, addState };
}

test('the first of a series goes at once, the next ones together, and then it is quiet', async () => {
  const { clock, taken, add } = batch();
  add(1, 'a');
  expect(taken).toEqual(['catalog 1: a']);
  add(2, 'b');
  add(3, 'c', 'd');
  expect(taken).toHaveLength(1);
  await clock.advance(2);
  expect(taken).toEqual(['catalog 1: a', 'catalog 3: b c d']);
  await clock.advance(2);
  expect(clock.pending).toBe(0);
  add(4, 'e');
  expect(taken.at(-1)).toBe('catalog 4: e');
});

test('so much does not wait', () => {
  const { taken, add } = batch({ flushMs: 1_000, flushBytes: 1_000 });
  add(1, 'a');
  add(2, 'b');
  add(3, 'c', 'd', 'e', 'f', 'g');
  expect(taken).toEqual(['catalog 1: a', 'catalog 3: b c d e f g']);
});

test('state keeps its indexes apart, and its place among the rest', () => {
  const { it, taken, add, addState } = batch();
  add(1, 'a');
  add(2, 'b');
  addState({ index: 3 });
  addState({ index: 4 });
  add(5, 'c');
  it.flush();
  expect(taken).toEqual(['catalog 1: a', 'catalog 2: b', 'state 3: ', 'state 4: ', 'catalog 5: c']);
});

test('changes of two index spaces are not one', () => {
  const { it, taken, add } = batch();
  add(1, 'a');
  add(2, 'b');
  it.add({ kind: 'catalog', space: 'restored', index: 3, changes: [change('c')] });
  it.flush();
  expect(taken).toEqual(['catalog 1: a', 'catalog 2: b', 'catalog 3: c']);
});

test('nothing waits when it is not to', () => {
  const { clock, taken, add } = batch({ flushMs: 0, flushBytes: 1 });
  add(1, 'a');
  add(2, 'b');
  expect(taken).toEqual(['catalog 1: a', 'catalog 2: b']);
  expect(clock.pending).toBe(0);
});

test('closed, it leaves no timer behind', () => {
  const { it, clock, add } = batch();
  add(1, 'a');
  it.close();
  expect(clock.pending).toBe(0);
});
