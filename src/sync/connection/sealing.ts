/**
 * Authenticated encryption of frames: AES-256-GCM under keys of this connection alone, one for each direction, derived
 * (HKDF-SHA-256, RFC 5869) from a gossip key and what both ends drew at random for it. A frame recorded elsewhere, or
 * earlier, does not open; nor does one that is repeated, left out or turned back, as each is numbered. The key of either
 * direction can be changed between two frames. No forward secrecy: who has the key can read what was recorded (TLS is
 * for that).
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { WireError } from '../wire/bytes.js';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
export const TAG_BYTES = 16;
/** Names a key without telling it: another for each connection. */
export const KEY_ID_BYTES = 8;

/** One direction. Numbers go on when the key changes, so that a key used again never meets a number again. */
class Direction {
  key = '';
  private secret: Buffer | undefined;
  private sequence = 0n;

  constructor(
    private readonly salts: Uint8Array,
    private readonly name: string,
  ) {}

  use(key: string): void {
    this.key = key;
    this.secret = derive(key, this.salts, this.name, KEY_BYTES);
  }

  next(): { readonly secret: Buffer; readonly nonce: Buffer } {
    if (!this.secret) throw new WireError('a sealed frame before there is a key');
    const nonce = Buffer.alloc(NONCE_BYTES);
    nonce.writeBigUInt64BE(this.sequence++, NONCE_BYTES - 8);
    return { secret: this.secret, nonce };
  }
}

export class Sealing {
  private readonly sending: Direction;
  private readonly receiving: Direction;
  private readonly salts: Uint8Array;

  constructor(role: 'dialer' | 'acceptor', ownSalt: Uint8Array, otherSalt: Uint8Array) {
    const isDialer = role === 'dialer';
    this.salts = Buffer.concat(isDialer ? [ownSalt, otherSalt] : [otherSalt, ownSalt]);
    const [there, back] = [
      new Direction(this.salts, 'dialer to acceptor'),
      new Direction(this.salts, 'acceptor to dialer'),
    ];
    this.sending = isDialer ? there : back;
    this.receiving = isDialer ? back : there;
  }

  idOf(key: string): string {
    return derive(key, this.salts, 'id', KEY_ID_BYTES).toString('hex');
  }

  get sendingKey(): string {
    return this.sending.key;
  }

  get receivingKey(): string {
    return this.receiving.key;
  }

  sendWith(key: string): void {
    this.sending.use(key);
  }

  receiveWith(key: string): void {
    this.receiving.use(key);
  }

  /** `flags` are not hidden, and cannot be changed on the way. */
  seal(flags: number, content: Uint8Array): Uint8Array {
    const { secret, nonce } = this.sending.next();
    const cipher = createCipheriv(CIPHER, secret, nonce);
    cipher.setAAD(Uint8Array.of(flags));
    return Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
  }

  /** WireError for what was not sealed for this place of this connection. */
  open(flags: number, body: Uint8Array): Buffer {
    if (body.length < TAG_BYTES) throw new WireError('a sealed frame without its seal');
    const { secret, nonce } = this.receiving.next();
    const decipher = createDecipheriv(CIPHER, secret, nonce);
    decipher.setAAD(Uint8Array.of(flags));
    decipher.setAuthTag(body.subarray(-TAG_BYTES));
    const content = decipher.update(body.subarray(0, -TAG_BYTES));
    try {
      decipher.final();
    } catch {
      throw new WireError('a sealed frame that was forged, repeated or damaged');
    }
    return content;
  }
}

function derive(key: string, salts: Uint8Array, what: string, size: number): Buffer {
  return Buffer.from(hkdfSync('sha256', Buffer.from(key, 'base64'), salts, `datapunk peer 1, ${what}`, size));
}
