import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Queued, RunQueue } from './run-queue.js';

function item(target: string, dueMs = 0): Queued {
  return { target, dueMs, slot: -1 };
}

function takeAll(queue: RunQueue<Queued>): Queued[] {
  const taken: Queued[] = [];
  for (let next = queue.take(); next; next = queue.take()) taken.push(next);
  return taken;
}

it('starts the longest due first', () => {
  const queue = new RunQueue<Queued>(10, 10);
  for (const dueMs of [3, 1, 2]) queue.enqueue(item('a', dueMs));
  expect(takeAll(queue).map(({ dueMs }) => dueMs)).toEqual([1, 2, 3]);
});

it('does not let a target at its limit hold up the others', () => {
  const queue = new RunQueue<Queued>(100, 2);
  const slow = Array.from({ length: 5 }, (_, dueMs) => item('slow', dueMs));
  for (const one of slow) queue.enqueue(one);
  queue.enqueue(item('quick', 99));
  expect(takeAll(queue).map(({ target }) => target)).toEqual(['slow', 'slow', 'quick']);
  expect([queue.inFlight, queue.queued]).toEqual([3, 3]);
  queue.release(slow[0] as Queued);
  expect(takeAll(queue)).toEqual([slow[2]]);
});

it('knows no limit for checks without a target but the one for all', () => {
  const queue = new RunQueue<Queued>(5, 2);
  for (let count = 0; count < 9; count++) queue.enqueue(item(''));
  expect(takeAll(queue)).toHaveLength(5);
});

it('gives the place of what is withdrawn to the next', () => {
  const queue = new RunQueue<Queued>(9, 1);
  const [first, second, third] = [item('a', 1), item('a', 2), item('a', 3)];
  for (const one of [first, second, third]) queue.enqueue(one);
  queue.withdraw(second);
  queue.withdraw(first);
  queue.withdraw(item('b'));
  expect(takeAll(queue)).toEqual([third]);
  queue.release(third);
  expect([queue.inFlight, queue.queued]).toEqual([0, 0]);
});

it('never exceeds its limits nor forgets anything, whatever happens', () => {
  const action = fc.record({
    kind: fc.constantFrom('enqueue', 'withdraw', 'take', 'release'),
    target: fc.constantFrom('', 'a', 'b'),
    pick: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 150 }), (actions) => {
      const queue = new RunQueue<Queued>(6, 3);
      const waiting = new Set<Queued>();
      const running = new Set<Queued>();
      for (const [turn, { kind, target, pick }] of actions.entries()) {
        if (kind === 'enqueue') {
          const added = item(target, turn);
          queue.enqueue(added);
          waiting.add(added);
        } else if (kind === 'take') {
          const taken = queue.take();
          if (taken) running.add(taken);
          if (taken) expect(waiting.delete(taken)).toBe(true);
        } else {
          const from = kind === 'release' ? running : waiting;
          const chosen = [...from][pick % Math.max(1, from.size)];
          if (!chosen) continue;
          from.delete(chosen);
          if (kind === 'release') queue.release(chosen);
          else queue.withdraw(chosen);
        }
        const ofTarget = (name: string): number => [...running].filter((one) => one.target === name).length;
        expect(Math.max(ofTarget('a'), ofTarget('b'))).toBeLessThanOrEqual(3);
        expect([queue.inFlight, queue.queued]).toEqual([running.size, waiting.size]);
        expect(running.size).toBeLessThanOrEqual(6);
      }
      while (running.size + waiting.size > 0) {
        for (const one of running) queue.release(one);
        running.clear();
        for (const one of takeAll(queue)) {
          expect(waiting.delete(one)).toBe(true);
          running.add(one);
        }
      }
    }),
  );
});
