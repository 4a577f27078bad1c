import { DnsParseError } from './parse-error.js';
import { escapeBytes, maxLabelBytes, maxNameBytes } from './name.js';

/** More hops than a name can have labels are a trap. */
const maxPointerHops = 127;

/** A cursor over a message that cannot leave its bounds. */
export class Reader {
  private end: number;

  constructor(
    readonly bytes: Buffer,
    public offset = 0,
    /** What every name that is read becomes. */
    private readonly names?: (name: string) => string,
  ) {
    this.end = bytes.length;
  }

  get left(): number {
    return this.end - this.offset;
  }

  fail(message: string): never {
    throw new DnsParseError(message, this.offset);
  }

  u8(): number {
    return this.bytes[this.take(1)] as number;
  }

  u16(): number {
    return this.bytes.readUInt16BE(this.take(2));
  }

  u32(): number {
    return this.bytes.readUInt32BE(this.take(4));
  }

  /** A copy: a decoded message does not keep the datagram alive. */
  raw(length: number): Uint8Array {
    const start = this.take(length);
    return new Uint8Array(this.bytes.subarray(start, start + length));
  }

  /** A character string of RFC 1035 3.3, one byte a character. */
  text(): string {
    return this.latin1(this.u8());
  }

  latin1(length: number): string {
    const start = this.take(length);
    return this.bytes.toString('latin1', start, start + length);
  }

  /** Runs `read` over the next `length` bytes, all of which it must use. */
  within<T>(length: number, read: (reader: Reader) => T): T {
    if (length > this.left) this.fail('length runs over the end');
    const outer = this.end;
    this.end = this.offset + length;
    const value = read(this);
    if (this.left !== 0) this.fail('bytes left over');
    this.end = outer;
    return value;
  }

  /**
   * A possibly compressed name (RFC 1035 4.1.4). A pointer must lead before everything read of this name so far, so
   * a loop is impossible; the number of hops is bounded as well.
   */
  name(pointers: 'allowed' | 'refused' = 'allowed'): string {
    let text = '';
    let size = 1;
    let at = this.offset;
    let limit = this.end;
    let lowest = this.offset;
    let after = -1;
    for (let hops = 0; ;) {
      if (at >= limit) this.fail('name runs over the end');
      const length = this.bytes[at] as number;
      if (length === 0) break;
      if (length <= maxLabelBytes) {
        if (at + 1 + length > limit) this.fail('label runs over the end');
        size += length + 1;
        if (size > maxNameBytes) this.fail('name is over 255 bytes');
        const label = escapeBytes(this.bytes, at + 1, at + 1 + length);
        text = text === '' ? label : `${text}.${label}`;
        at += length + 1;
        continue;
      }
      if (length < 0xc0) this.fail('unknown label type');
      if (pointers === 'refused') this.fail('a compressed name where none may be');
      if (at + 2 > limit) this.fail('pointer runs over the end');
      if (after < 0) after = at + 2;
      const target = this.bytes.readUInt16BE(at) & 0x3fff;
      if (target >= lowest || ++hops > maxPointerHops) this.fail('pointer does not lead back');
      at = target;
      lowest = target;
      limit = this.bytes.length;
    }
    this.offset = after < 0 ? at + 1 : after;
    if (text === '') return '.';
    return this.names ? this.names(text) : text;
  }

  private take(length: number): number {
    const start = this.offset;
    if (length > this.end - start) this.fail('message is cut short');
    this.offset = start + length;
    return start;
  }
}

export function readName(bytes: Buffer, offset: number): string {
  return new Reader(bytes, offset).name();
}
