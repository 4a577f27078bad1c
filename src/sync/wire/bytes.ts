/** Writing and reading the primitives of the peer protocol. Whatever is read was sent by somebody else: nothing is believed. */
import { isUtf8 } from 'node:buffer';
import { limits, ServiceDiscoveryError } from '../../model/index.js';

/** Bytes that are no message; `unknown` = a message of a type this version does not know. */
export class WireError extends Error {
  override readonly name = 'WireError';

  constructor(
    message: string,
    readonly kind: 'malformed' | 'unknown' = 'malformed',
  ) {
    super(message);
  }
}

/** What the step must not ask for. */
export function unsendable(what: string): ServiceDiscoveryError {
  return new ServiceDiscoveryError('INTERNAL', `${what} cannot be sent`);
}

const FIRST_BYTES = 256;
/** Before the bytes of a text: what is not a length. */
const UUID = 0;
const UTF16 = 1;
const LENGTH_FROM = 2;
const CANONICAL_UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;
const UUID_CHARS = 36;
const UUID_BYTES = 16;

export class ByteWriter {
  private buffer = Buffer.allocUnsafe(FIRST_BYTES);
  private at = 0;

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.at++] = value;
  }

  /** A safe integer >= 0, seven bits a byte, the lowest first. */
  count(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.buffer[this.at++] = (rest % 0x80) | 0x80;
      rest = rest < 2 ** 31 ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    this.buffer[this.at++] = rest;
  }

  uint32(value: number): void {
    this.reserve(4);
    this.at = this.buffer.writeUInt32BE(value, this.at);
  }

  double(value: number): void {
    this.reserve(8);
    this.at = this.buffer.writeDoubleBE(value, this.at);
  }

  bytes(value: Uint8Array): void {
    this.count(value.length);
    this.raw(value);
  }

  /** Any text: one with halves of characters too, which UTF-8 cannot say. A UUID takes 17 bytes. */
  text(value: string): void {
    if (value.length === UUID_CHARS && CANONICAL_UUID.test(value)) {
      this.count(UUID);
      return this.raw(Buffer.from(value.replaceAll('-', ''), 'hex'));
    }
    if (!value.isWellFormed()) {
      this.count(UTF16);
      return this.bytes(Buffer.from(value, 'utf16le'));
    }
    const length = Buffer.byteLength(value);
    this.count(length + LENGTH_FROM);
    this.reserve(length);
    this.at += this.buffer.write(value, this.at, 'utf8');
  }

  /** What was written; the writer is not used again. */
  finish(): Buffer {
    return this.buffer.subarray(0, this.at);
  }

  private raw(value: Uint8Array): void {
    this.reserve(value.length);
    this.buffer.set(value, this.at);
    this.at += value.length;
  }

  private reserve(size: number): void {
    if (this.at + size <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.at + size));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}

export class ByteReader {
  private at = 0;
  private items = 0;
  private readonly buffer: Buffer;

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.buffer.length - this.at;
  }

  byte(): number {
    this.need(1);
    return this.buffer[this.at++] as number;
  }

  count(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return safe(value);
    }
    throw new WireError('a number without end');
  }

  uint32(): number {
    this.need(4);
    this.at += 4;
    return this.buffer.readUInt32BE(this.at - 4);
  }

  double(): number {
    this.need(8);
    this.at += 8;
    return this.buffer.readDoubleBE(this.at - 8);
  }

  /** Of the bytes that were given, not a copy. */
  bytes(): Buffer {
    return this.raw(this.count());
  }

  text(): string {
    const head = this.count();
    if (head === UUID) return dashed(this.raw(UUID_BYTES).toString('hex'));
    if (head === UTF16) return this.utf16();
    const bytes = this.raw(head - LENGTH_FROM);
    const text = bytes.toString('utf8');
    // As many characters as bytes: all of them ASCII.
    if (text.length !== bytes.length && !isUtf8(bytes)) throw new WireError('a text that is not UTF-8');
    return text;
  }

  /** How many of something follow, each of at least a byte; a value may take a hundred times its bytes in memory. */
  size(most = Number.POSITIVE_INFINITY): number {
    const size = this.count();
    this.items += size;
    if (size > most || size > this.left || this.items > limits.peerFrameItems) throw new WireError(`a list of ${size}`);
    return size;
  }

  end(): void {
    if (this.left > 0) throw new WireError(`${this.left} bytes too many`);
  }

  private utf16(): string {
    const bytes = this.bytes();
    if (bytes.length % 2 !== 0) throw new WireError('half a character');
    return bytes.toString('utf16le');
  }

  private raw(size: number): Buffer {
    this.need(size);
    this.at += size;
    return this.buffer.subarray(this.at - size, this.at);
  }

  private need(size: number): void {
    if (size > this.left) throw new WireError('it ends too early');
  }
}

function safe(value: number): number {
  if (value > Number.MAX_SAFE_INTEGER) throw new WireError('a number too large');
  return value;
}

function dashed(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
