import type { Random } from '../runtime/index.js';

/** Where counts, lengths and marks change their meaning. */
const INTERESTING = [0, 1, 2, 12, 63, 64, 127, 128, 192, 254, 255];

/** A few bytes changed, put in, taken out, repeated or cut off. */
export function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  let result: Uint8Array = bytes;
  for (let times = 1 + below(4, random); times > 0 && result.length > 1; times--) {
    result = damagedOnce(result, below(result.length, random), random);
  }
  return result;
}

export function noise(most: number, random: Random): Uint8Array {
  return Buffer.from(Array.from({ length: below(most, random) }, () => below(256, random)));
}

function damagedOnce(bytes: Uint8Array, at: number, random: Random): Uint8Array {
  const kind = random.next();
  if (kind < 0.15) return bytes.subarray(0, at);
  if (kind < 0.3) return Buffer.concat([bytes.subarray(0, at), noise(40, random), bytes.subarray(at)]);
  if (kind < 0.4) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
  if (kind < 0.45) return Buffer.concat([bytes, bytes.subarray(at)]);
  const changed = Buffer.from(bytes);
  changed[at] = random.next() < 0.5 ? (INTERESTING[below(INTERESTING.length, random)] as number) : below(256, random);
  return changed;
}

function below(bound: number, random: Random): number {
  return Math.floor(random.next() * bound);
}
