/**
 * One answer in several random orders, made when first asked for and made anew after some use, so that every question
 * is answered in a random order at the price of a copy. With few instances each of them leads equally many of the
 * variants, so that clients who take the first answer spread evenly.
 */
import { limits } from '../../model/index.js';
import { shuffled } from '../../runtime/index.js';
import type { Random } from '../../runtime/index.js';

export type Order = <T>(items: readonly T[]) => readonly T[];

export interface Variant {
  /** Whoever sends them may write the asker's id and question into them. */
  readonly bytes: Buffer;
  readonly rcode: number;
  readonly cut: boolean;
  /** Where the zone's serial stands; 0 when it is not in there. */
  readonly serialAt: number;
  usesLeft: number;
}

export class Rotation {
  private readonly variants: (Variant | undefined)[] = [];
  /** How many variants are worth having; found out with the first. */
  private count = 1;
  bytes = 0;

  constructor(
    /** Undefined: the answer cannot be kept. */
    private readonly make: (order: Order) => Variant | undefined,
    private readonly random: Random,
  ) {}

  pick(): Variant | undefined {
    const index = Math.floor(this.random.next() * this.count);
    const variant = this.variants[index];
    return variant && variant.usesLeft-- > 0 ? variant : this.renew(index);
  }

  private renew(index: number): Variant | undefined {
    const variant = this.make((items) => this.order(items, index));
    if (!variant) return undefined;
    this.bytes += variant.bytes.length - (this.variants[index]?.bytes.length ?? 0);
    this.variants[index] = variant;
    return variant;
  }

  private order<T>(items: readonly T[], index: number): readonly T[] {
    const most = limits.dnsPreparedVariants;
    const total = items.length;
    this.count = total > most || total === 0 ? most : total * Math.floor(most / total);
    if (total === 0 || total > most) return shuffled(items, this.random);
    const lead = items[index % total] as T;
    return [lead, ...shuffled(items.toSpliced(index % total, 1), this.random)];
  }
}
