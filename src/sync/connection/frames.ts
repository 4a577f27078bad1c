/**
 * Frames of a peer connection. A head says how long the body is, in the two lowest bits how it is to be read:
 * `length × 4 + sealed × 1 + compressed × 2`, seven bits a byte, the lowest first.
 */
import { WireError } from '../wire/bytes.js';

export interface Frame {
  readonly isSealed: boolean;
  readonly isCompressed: boolean;
  /** A view of what was received: to be used at once. */
  readonly body: Buffer;
}

const SEALED = 1;
const COMPRESSED = 2;
const HEAD_BYTES = 5;
const EMPTY = Buffer.alloc(0);

/** Bits of a head that are not its length; authenticated with a sealed body. */
export function flagsOf({ isSealed, isCompressed }: Pick<Frame, 'isSealed' | 'isCompressed'>): number {
  return (isSealed ? SEALED : 0) + (isCompressed ? COMPRESSED : 0);
}

export function frameHead(flags: number, length: number): Uint8Array {
  const head: number[] = [];
  let rest = length * 4 + flags;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) head.push((rest & 0x7f) | 0x80);
  head.push(rest);
  return Uint8Array.from(head);
}

/**
 * What was received and is not read yet. Takes memory for what has arrived, never for what a head promises; what arrives
 * in whole frames is not copied.
 */
export class FrameReader {
  private chunk: Buffer = EMPTY;
  private at = 0;
  private end = 0;
  /** The chunk is ours, to be written to. */
  private isOwn = false;

  get held(): number {
    return this.end - this.at;
  }

  push(bytes: Uint8Array): void {
    if (this.held === 0) {
      this.chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.at = 0;
      this.end = bytes.length;
      this.isOwn = false;
      return;
    }
    this.makeRoom(bytes.length);
    this.chunk.set(bytes, this.end);
    this.end += bytes.length;
  }

  /** So many bytes as they are, once they are there. */
  take(size: number): Buffer | undefined {
    if (this.held < size) return undefined;
    this.at += size;
    return this.chunk.subarray(this.at - size, this.at);
  }

  /** The next frame, once all of it is there. WireError for one longer than `most`, or with a head without end. */
  next(most: number): Frame | undefined {
    let head = 0;
    for (let size = 0; size < HEAD_BYTES; size++) {
      if (size >= this.held) return undefined;
      const byte = this.chunk[this.at + size] as number;
      head += (byte & 0x7f) * 0x80 ** size;
      if (byte < 0x80) return this.body(head, size + 1, most);
    }
    throw new WireError('the head of a frame without end');
  }

  private body(head: number, headSize: number, most: number): Frame | undefined {
    const length = Math.floor(head / 4);
    if (length > most) throw new WireError(`a frame of ${length} bytes`);
    if (this.held < headSize + length) return undefined;
    this.at += headSize;
    const body = this.take(length) as Buffer;
    return { isSealed: (head & SEALED) !== 0, isCompressed: (head & COMPRESSED) !== 0, body };
  }

  /** Doubled as it fills, so that bytes that come one by one cost no more than those that come together. */
  private makeRoom(more: number): void {
    const { held } = this;
    if (this.isOwn && this.end + more <= this.chunk.length) return;
    const room =
      this.isOwn && held + more <= this.chunk.length / 2 ? this.chunk : Buffer.allocUnsafe(2 * (held + more));
    this.chunk.copy(room, 0, this.at, this.end);
    this.chunk = room;
    this.at = 0;
    this.end = held;
    this.isOwn = true;
  }
}
