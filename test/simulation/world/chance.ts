import type { Random } from '../../../src/runtime/index.js';
import { seededRandom } from '../../../src/testing/index.js';

/**
 * Everything that is left to chance in a run, from one seed. Each purpose takes its own branch, so that one more draw in
 * the network moves nothing in the workload.
 */
export class Chance implements Random {
  private readonly source: Random;

  constructor(private readonly seed: number) {
    this.source = seededRandom(seed);
  }

  branch(purpose: string): Chance {
    let mixed = this.seed >>> 0;
    for (let at = 0; at < purpose.length; at++) mixed = Math.imul(mixed ^ purpose.charCodeAt(at), 0x01000193) >>> 0;
    return new Chance(Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> 0);
  }

  next(): number {
    return this.source.next();
  }

  /** True with that probability. */
  hits(share: number): boolean {
    return this.next() < share;
  }

  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError('nothing to pick from');
    return from[Math.floor(this.next() * from.length)] as T;
  }

  /** By weight; weights of 0 are never picked. */
  weighted<T>(from: readonly (readonly [weight: number, item: T])[]): T {
    const total = from.reduce((sum, [weight]) => sum + weight, 0);
    let left = this.next() * total;
    for (const [weight, item] of from) {
      left -= weight;
      if (left < 0) return item;
    }
    return (from.findLast(([weight]) => weight > 0) as readonly [number, T])[1];
  }

  uuid(): string {
    const hex = Array.from({ length: 32 }, () => this.between(0, 15).toString(16));
    hex[12] = '4';
    hex[16] = '8';
    const text = hex.join('');
    return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join('-');
  }
}
