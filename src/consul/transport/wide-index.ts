import { invalid, limits } from '../../model/index.js';

/**
 * Indexes beyond 2^53: those of `event/list` are hashes of 64 bits, and must be sent back exactly. Answers carry them as
 * numbers, rounded; what each was rounded from is remembered here. Two that round alike within so few are as likely as
 * two equal 53-bit hashes.
 */
export class WideIndexes {
  readonly #spelt = new Map<number, string>();

  read(text: string | undefined): number {
    if (text === undefined || !/^\d{1,20}$/.test(text)) return 0;
    const index = Number(text);
    if (!Number.isSafeInteger(index)) this.#remember(index, text);
    return index;
  }

  /** Throws INVALID_ARGUMENT for what is no whole number. */
  write(index: number | bigint): string {
    if (typeof index === 'number' && !Number.isInteger(index)) throw invalid('index must be a whole number');
    return (typeof index === 'number' ? this.#spelt.get(index) : undefined) ?? BigInt(index).toString();
  }

  #remember(index: number, text: string): void {
    this.#spelt.delete(index);
    this.#spelt.set(index, text);
    if (this.#spelt.size > limits.consulWideIndexes) this.#spelt.delete(this.#spelt.keys().next().value as number);
  }
}
