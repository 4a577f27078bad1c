import { randomFillSync } from 'node:crypto';

const pool = new Uint16Array(2_048);
let next = pool.length;

/** Sixteen bits that nobody can foresee; what a forger of answers would have to guess (RFC 5452 section 4). */
export function unguessable16(): number {
  if (next === pool.length) {
    randomFillSync(pool);
    next = 0;
  }
  return pool[next++] as number;
}
