import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../../model/index.js';
import { priorities } from '../messages.js';
import type { Priority } from '../messages.js';
import { SendQueue } from './send-queue.js';

const item = (size: number, isDroppable = true, mark = 0): { bytes: Uint8Array; isDroppable: boolean } => ({
  bytes: new Uint8Array(size).fill(mark),
  isDroppable,
});

function taken(queue: SendQueue): string[] {
  const out: string[] = [];
  for (let next = queue.peek(); next; next = queue.peek()) {
    out.push(`${next.priority} ${next.item.bytes[0]}`);
    queue.take(next.priority);
  }
  return out;
}

describe('a queue for one peer', () => {
  test('gives the most urgent first, the older first of one class', () => {
    const queue = new SendQueue(1_000);
    const order: [Priority, number][] = [
      ['bulk', 1],
      ['registration', 2],
      ['control', 3],
      ['registration', 4],
      ['tombstone', 5],
      ['health', 6],
    ];
    for (const [priority, mark] of order) queue.add(item(1, true, mark), priority, 0);
    expect(taken(queue)).toEqual([
      'control 3',
      'tombstone 5',
      'health 6',
      'registration 2',
      'registration 4',
      'bulk 1',
    ]);
  });

  test('drops the newest of the least urgent for something more urgent', () => {
    const queue = new SendQueue(100);
    for (const mark of [1, 2]) queue.add(item(30, true, mark), 'bulk', 0);
    queue.add(item(30, true, 3), 'metadata', 0);
    expect(queue.add(item(60, true, 4), 'health', 0)).toBe('queued');
    expect(taken(queue)).toEqual(['health 4', 'metadata 3']);
    expect(queue.dropped).toBe(2);
  });

  test('drops the newcomer where nothing is less urgent', () => {
    const queue = new SendQueue(100);
    queue.add(item(60, true, 1), 'health', 0);
    expect(queue.add(item(60, true, 2), 'health', 0)).toBe('dropped');
    expect(queue.add(item(60, true, 3), 'bulk', 0)).toBe('dropped');
    expect(taken(queue)).toEqual(['health 1']);
  });

  test('never drops what is no delta', () => {
    const queue = new SendQueue(100);
    for (const mark of [1, 2, 3]) queue.add(item(60, false, mark), 'control', 0);
    queue.add(item(60, true, 4), 'tombstone', 0);
    expect(taken(queue)).toEqual(['control 1', 'control 2', 'control 3']);
  });

  test('counts what the connection holds already', () => {
    expect(new SendQueue(100).add(item(60), 'health', 50)).toBe('dropped');
  });

  test('says when what may not be dropped is more than anybody reads', () => {
    const queue = new SendQueue(100);
    expect(queue.add(item(limits.peerFrameBytes, false), 'control', 0)).toBe('queued');
    expect(queue.add(item(200, false), 'control', 0)).toBe('overrun');
  });

  test('is bounded, and keeps its count, whatever comes', () => {
    const anyStep = fc.record({
      size: fc.integer({ min: 1, max: 60 }),
      priority: fc.constantFrom(...priorities),
      takes: fc.nat(2),
      ahead: fc.nat(50),
    });
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
        const queue = new SendQueue(200);
        for (const { size, priority, takes, ahead } of steps) {
          const outcome = queue.add(item(size, priority !== 'control'), priority, ahead);
          if (priority !== 'control' && outcome === 'queued') expect(queue.bytes + ahead).toBeLessThanOrEqual(200);
          for (let take = 0; take < takes; take++) queue.take(queue.peek()?.priority ?? 'bulk');
        }
        const left = queue.bytes;
        let sum = 0;
        for (let next = queue.peek(); next; next = queue.peek()) {
          sum += next.item.bytes.length;
          queue.take(next.priority);
        }
        expect([sum, queue.bytes]).toEqual([left, 0]);
      }),
    );
  });
});
