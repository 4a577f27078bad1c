import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { SealKey } from './seal-keys.js';

/**
 * AES-256-GCM records: version 1 (1 byte) | key id (4) | nonce (12) | ciphertext | tag (16). What is given as `bound` is
 * authenticated with them and not in them: a record opens only for who knows what it was sealed for.
 *
 * A nonce is the start drawn at random for each sealer, its last 8 bytes counted up: unique within the sealer, and two
 * sealers of one key meet only if they drew the same first 4 bytes and their counts overlap. GCM is worth its name for
 * about 2^32 records of one key (NIST SP 800-38D section 8.3): `mustRotate` is called at that number.
 */
const VERSION = 1;
const ID_AT = 1;
const NONCE_AT = 5;
const NONCE_BYTES = 12;
const COUNTER_AT = 4;
const TEXT_AT = NONCE_AT + NONCE_BYTES;
const TAG_BYTES = 16;
const SEALS_OF_A_KEY = 2 ** 32;

export type Opened =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly why: Rejection };
/** Not a record of ours; sealed with a key we do not have; or not what it was sealed as. */
export type Rejection = 'malformed' | 'unknown-key' | 'forged';

export class Sealer {
  private readonly nonce = randomBytes(NONCE_BYTES);
  private readonly sealing: SealKey;
  private readonly byId: ReadonlyMap<number, SealKey>;

  /** The first key seals, all of them open. `sealed`: how many records of the first key there are already. */
  constructor(
    keys: readonly SealKey[],
    private readonly mustRotate: (seals: number) => void = () => {},
    private sealed = 0,
  ) {
    this.sealing = keys[0] as SealKey;
    this.byId = new Map(keys.map((key) => [key.id, key]));
  }

  seal(bytes: Uint8Array, bound: Uint8Array): Uint8Array {
    const nonce = this.nextNonce();
    const cipher = createCipheriv('aes-256-gcm', this.sealing.key, nonce).setAAD(bound);
    const head = Buffer.alloc(TEXT_AT);
    head[0] = VERSION;
    head.writeUInt32BE(this.sealing.id, ID_AT);
    nonce.copy(head, NONCE_AT);
    return Buffer.concat([head, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  }

  open(record: Uint8Array, bound: Uint8Array): Opened {
    const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
    if (bytes.length < TEXT_AT + TAG_BYTES || bytes[0] !== VERSION) return { ok: false, why: 'malformed' };
    const key = this.byId.get(bytes.readUInt32BE(ID_AT));
    if (!key) return { ok: false, why: 'unknown-key' };
    const tagAt = bytes.length - TAG_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', key.key, bytes.subarray(NONCE_AT, TEXT_AT), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(bound).setAuthTag(bytes.subarray(tagAt));
    try {
      return { ok: true, bytes: Buffer.concat([decipher.update(bytes.subarray(TEXT_AT, tagAt)), decipher.final()]) };
    } catch {
      return { ok: false, why: 'forged' };
    }
  }

  private nextNonce(): Buffer {
    this.nonce.writeBigUInt64BE((this.nonce.readBigUInt64BE(COUNTER_AT) + 1n) % 2n ** 64n, COUNTER_AT);
    this.sealed += 1;
    if (this.sealed === SEALS_OF_A_KEY) this.mustRotate(this.sealed);
    return this.nonce;
  }
}
