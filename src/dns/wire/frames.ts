const empty = Buffer.alloc(0);

/** Messages out of a stream: each behind its length in two bytes (RFC 1035 4.2.2), cut anywhere. Holds at most one and a piece. */
export class Frames {
  private held: Buffer = empty;

  push(piece: Buffer): void {
    this.held = this.held.length === 0 ? piece : Buffer.concat([this.held, piece]);
  }

  next(): Buffer | undefined {
    if (this.held.length < 2) return undefined;
    const end = 2 + this.held.readUInt16BE(0);
    if (this.held.length < end) return undefined;
    const frame = this.held.subarray(2, end);
    this.held = end === this.held.length ? empty : this.held.subarray(end);
    return frame;
  }
}

export function framed(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(message.length + 2);
  frame.writeUInt16BE(message.length, 0);
  message.copy(frame, 2);
  return frame;
}
