import type { CheckDefinition, CheckResult } from '../model/index.js';
import { limits } from '../model/index.js';

/** Bytes of captured output that a check keeps. */
export function outputLimit(check: CheckDefinition): number {
  return check.outputMaxSizeBytes > 0 ? check.outputMaxSizeBytes : limits.checkOutputBytes;
}

/** Keeps the last `maxBytes` of a stream and counts the rest, in bounded memory. */
export class TailBuffer {
  private chunks: Buffer[] = [];
  private heldBytes = 0;
  private seenBytes = 0;

  constructor(private readonly maxBytes: number) {}

  get totalBytes(): number {
    return this.seenBytes;
  }

  push(chunk: Buffer): void {
    this.seenBytes += chunk.length;
    const kept = chunk.length > this.maxBytes ? Buffer.from(chunk.subarray(-this.maxBytes)) : chunk;
    this.chunks.push(kept);
    this.heldBytes += kept.length;
    // Twice the bound before compacting: a stream of tiny chunks costs one copy per `maxBytes`, not one per chunk.
    if (this.heldBytes > 2 * this.maxBytes) this.compact();
  }

  /** As text; a character cut in two at the front is dropped. */
  toString(): string {
    if (this.seenBytes === 0) return '';
    this.compact();
    const bytes = this.chunks[0] as Buffer;
    return bytes.toString('utf8', this.seenBytes > bytes.length ? continuationBytes(bytes) : 0);
  }

  private compact(): void {
    const tail = Buffer.concat(this.chunks).subarray(-this.maxBytes);
    this.chunks = [tail];
    this.heldBytes = tail.length;
  }
}

function continuationBytes(bytes: Buffer): number {
  let count = 0;
  while (count < 3 && ((bytes[count] ?? 0) & 0xc0) === 0x80) count++;
  return count;
}

/** The first `maxBytes` of a text, and how much there was: what a TTL note and an output without bounds come to. */
export function headOf(text: string, maxBytes: number): string {
  // No UTF-8 text has fewer bytes than UTF-16 units, nor more than three for each.
  if (text.length * 3 <= maxBytes) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.toString('utf8', 0, end)} ... (captured ${maxBytes} of ${bytes.length} bytes)`;
}

/** A result as a runner of any origin may give it, made fit to store. */
export function soundResult(check: CheckDefinition, result: unknown): CheckResult {
  const { status, output } = (result ?? {}) as Partial<CheckResult>;
  if (status !== 'passing' && status !== 'warning' && status !== 'critical') {
    return { status: 'critical', output: 'The check runner gave no status' };
  }
  const text = typeof output === 'string' ? output : '';
  return { status, output: headOf(text, outputLimit(check) + limits.checkOutputPrefixBytes) };
}
