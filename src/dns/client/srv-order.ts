import { realRandom, shuffled } from '../../runtime/index.js';
import type { Random } from '../../runtime/index.js';

/**
 * The order in which to try targets (RFC 2782): by priority, the lowest first; within one at random by weight. Each place
 * goes to the first record whose running sum reaches a whole number drawn from 0 to the sum of all weights, inclusive;
 * records of weight 0 come first in the sum, so they have a small chance beside others, and an equal one among
 * themselves.
 */
export function orderByPriorityAndWeight<T extends { readonly priority: number; readonly weight: number }>(
  records: readonly T[],
  random: Random = realRandom,
): T[] {
  const priorities = [...new Set(records.map(({ priority }) => priority))].toSorted((a, b) => a - b);
  return priorities.flatMap((priority) =>
    drawn(
      records.filter((record) => record.priority === priority),
      random,
    ),
  );
}

function drawn<T extends { readonly weight: number }>(records: readonly T[], random: Random): T[] {
  if (records.length === 1) return [...records];
  const mixed = shuffled(records, random);
  const left = [...mixed.filter(({ weight }) => weight === 0), ...mixed.filter(({ weight }) => weight !== 0)];
  const order: T[] = [];
  let sum = left.reduce((total, { weight }) => total + weight, 0);
  while (left.length > 0) {
    const draw = Math.floor(random.next() * (sum + 1));
    let running = 0;
    const at = left.findIndex(({ weight }) => (running += weight) >= draw);
    const [record] = left.splice(at, 1) as [T];
    order.push(record);
    sum -= record.weight;
  }
  return order;
}
