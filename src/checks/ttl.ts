import { headOf } from './output.js';

/** Output of a TTL check whose deadline passed; what its owner last said is worth keeping. */
export function ttlExpiredOutput(lastOutput: string): string {
  return lastOutput === '' ? 'TTL expired' : `TTL expired (last output before timeout follows): ${lastOutput}`;
}

/** A note given with pass, warn, fail or update, as stored: its first bytes, where a probe keeps the last. */
export function ttlNote(note: string, maxBytes: number): string {
  return headOf(note, maxBytes);
}
