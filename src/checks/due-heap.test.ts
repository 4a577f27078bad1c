import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Due, DueHeap } from './due-heap.js';

it('gives its items in order of due time, whatever was added and removed', () => {
  const step = fc.record({ dueMs: fc.integer({ min: 0, max: 50 }), drop: fc.nat({ max: 20 }), pop: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new DueHeap<Due>();
      const held = new Set<Due>();
      for (const { dueMs, drop, pop } of steps) {
        const item: Due = { dueMs, slot: -1 };
        heap.push(item);
        held.add(item);
        const victim = [...held][drop];
        if (victim) {
          heap.remove(victim);
          held.delete(victim);
          expect(heap.has(victim)).toBe(false);
        }
        if (!pop) continue;
        const least = Math.min(...[...held].map((one) => one.dueMs));
        const popped = heap.pop();
        if (popped) held.delete(popped);
        expect(popped?.dueMs ?? Infinity).toBe(least);
      }
      expect(heap.size).toBe(held.size);
    }),
  );
});

it('does nothing on removal of what it does not hold', () => {
  const [one, other] = [new DueHeap<Due>(), new DueHeap<Due>()];
  const item: Due = { dueMs: 1, slot: -1 };
  one.remove(item);
  one.push(item);
  other.push({ dueMs: 2, slot: -1 });
  other.remove(item);
  expect([one.size, other.size]).toEqual([1, 1]);
  one.clear();
  expect([one.peek(), item.slot]).toEqual([undefined, -1]);
});
