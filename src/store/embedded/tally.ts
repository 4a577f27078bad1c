import { crc32 } from 'node:zlib';

/** Below 2^53 together with any checksum, so that sums stay exact. */
const MODULUS = 2 ** 52;

/**
 * How many records there are, and the sum of their checksums. Written with every batch and compared when the store is
 * loaded: a record that is missing, came back or changed by itself does not go unnoticed, whatever lost it. It proves
 * accidents, not forgery.
 */
export class Tally {
  constructor(
    public count = 0,
    public sum = 0,
  ) {}

  add(checksum: number): void {
    this.count++;
    this.sum = (this.sum + checksum) % MODULUS;
  }

  remove(checksum: number): void {
    this.count--;
    this.sum = (this.sum - checksum + MODULUS) % MODULUS;
  }

  equals(other: Tally): boolean {
    return this.count === other.count && this.sum === other.sum;
  }
}

/** Of a record: its text, and the key it is filed under. */
export function checksumOf(key: string, text: string): number {
  return crc32(text, crc32(key));
}
