import { invalid } from '../../model/index.js';
import { labelEnd, maxNameBytes, nameBytes, labelBytes } from './name.js';

const maxPointer = 0x3fff;
const BACKSLASH = 0x5c;

/** Message bytes under construction. Grows as needed; knows which names were written where. */
export class Writer {
  private bytes: Buffer;
  private length = 0;
  /** Name suffixes as spelt → where they are. Case is kept: a pointer repeats what it points to. */
  private readonly names: Map<string, number> | undefined;

  constructor(options: { readonly compress: boolean }) {
    this.bytes = Buffer.allocUnsafe(512);
    this.names = options.compress ? new Map() : undefined;
  }

  get offset(): number {
    return this.length;
  }

  u8(value: number): void {
    this.room(1);
    this.bytes[this.length++] = value;
  }

  u16(value: number): void {
    this.room(2);
    this.bytes[this.length++] = value >>> 8;
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.room(4);
    this.length = this.bytes.writeUInt32BE(value >>> 0, this.length);
  }

  raw(bytes: Uint8Array): void {
    this.room(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A character string; its bytes, or one byte a character. */
  text(value: Uint8Array | string): void {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
    if (bytes.length > 255) throw invalid('a character string of a DNS record holds at most 255 bytes');
    this.u8(bytes.length);
    this.raw(bytes);
  }

  /** Writes what `write` does behind a 16-bit count of its bytes. */
  counted(write: () => void): void {
    const at = this.length;
    this.u16(0);
    write();
    const length = this.length - at - 2;
    if (length > 0xffff) throw invalid('a DNS record holds at most 65535 bytes');
    this.bytes.writeUInt16BE(length, at);
  }

  /**
   * 'plain' names may be pointed to but never contain a pointer: SRV (RFC 2782) and every type newer than RFC 1035
   * (RFC 3597 section 4).
   */
  name(name: string, form: 'compressed' | 'plain'): void {
    if (nameBytes(name) === undefined) throw invalid(`"${name}" cannot be a DNS name`);
    for (let i = name === '.' ? name.length : 0; i < name.length;) {
      if (this.names) {
        const suffix = i === 0 ? name : name.slice(i);
        const known = this.names.get(suffix);
        if (known !== undefined && form === 'compressed') return this.u16(0xc000 | known);
        if (known === undefined && this.length <= maxPointer) this.names.set(suffix, this.length);
      }
      const end = labelEnd(name, i);
      this.label(name.slice(i, end));
      i = end + 1;
    }
    this.u8(0);
  }

  finish(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  private label(label: string): void {
    const start = this.length + 1;
    this.room(label.length + 1);
    // By hand for what needs no escape: this is done for every label of every message.
    for (let i = 0; i < label.length; i++) {
      const code = label.charCodeAt(i);
      if (code === BACKSLASH || code > 0x7e) return this.escapedLabel(label);
      this.bytes[start + i] = code;
    }
    this.bytes[this.length] = label.length;
    this.length = start + label.length;
  }

  private escapedLabel(label: string): void {
    const bytes = labelBytes(label);
    this.u8(bytes.length);
    this.raw(bytes);
  }

  private room(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed + maxNameBytes, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
