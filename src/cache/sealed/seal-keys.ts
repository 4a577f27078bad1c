import { createHash } from 'node:crypto';
import { invalid } from '../../model/index.js';

const KEY_BYTES = 32;

export interface SealKey {
  /** Of 4 bytes, derived from the key: two processes with the same key call it the same. */
  readonly id: number;
  readonly key: Buffer;
}

/**
 * @throws ServiceDiscoveryError INVALID_ARGUMENT, naming the place of the key and never the key.
 */
export function readSealKeys(keys: readonly (string | Uint8Array)[]): readonly SealKey[] {
  if (!Array.isArray(keys) || keys.length === 0) throw refused('keys', 'at least one key');
  const read = keys.map((key, n) => readKey(key, `keys[${n}]`));
  const twice = read.findIndex(({ id }, n) => read.findIndex((other) => other.id === id) !== n);
  if (twice >= 0) throw refused(`keys[${twice}]`, 'a key that is not in the list already');
  return read;
}

function readKey(given: unknown, field: string): SealKey {
  const key =
    typeof given === 'string' ? fromBase64(given) : given instanceof Uint8Array ? Buffer.from(given) : undefined;
  if (key?.length !== KEY_BYTES) throw refused(field, `${KEY_BYTES} bytes, as bytes or in base64`);
  return { id: createHash('sha256').update('datapunk cache key id').update(key).digest().readUInt32BE(0), key };
}

/** Node skips what is not base64: only what it writes itself is taken. */
function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64').replace(/=+$/, '') === text.trim().replace(/=+$/, '') ? bytes : undefined;
}

function refused(field: string, rule: string) {
  return invalid(`sealing of the cache: ${field} must be ${rule}`, [{ field, rule }]);
}
