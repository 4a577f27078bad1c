/**
 * The ordinal of the newest acknowledged batch, kept outside the engine. The engine cannot tell a log whose end was
 * lost from one that ended there; with this mark, what was acknowledged and is gone is noticed.
 *
 * Written in place after each synced batch and before its acknowledgement, never synced itself: it can only lag behind
 * what is on disk, never run ahead. Two slots, 512 bytes apart, written in turn, so that a write cut short leaves the
 * one before.
 */
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

const MAGIC = 'DPHW';
const SLOT_BYTES = 512;
const RECORD_BYTES = 16;

export class HighWaterMark {
  private readonly record = Buffer.alloc(RECORD_BYTES);

  private constructor(private readonly file: number) {
    this.record.write(MAGIC, 'latin1');
  }

  /** Opens it for writing, made anew and synced when `batch` is given. */
  static open(path: string, batch?: number): HighWaterMark {
    const mark = new HighWaterMark(openSync(path, batch === undefined ? 'r+' : 'w+', 0o600));
    if (batch !== undefined) {
      mark.raise(batch);
      fsyncSync(mark.file);
    }
    return mark;
  }

  raise(batch: number): void {
    this.record.writeDoubleLE(batch, 4);
    this.record.writeUInt32LE(crc32(this.record.subarray(0, 12)), 12);
    writeSync(this.file, this.record, 0, RECORD_BYTES, (batch % 2) * SLOT_BYTES);
  }

  close(): void {
    closeSync(this.file);
  }
}

/** The larger of the sound slots; undefined when there is none, or no file. */
export function readHighWaterMark(path: string): number | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const slots = [0, SLOT_BYTES].map((at) => batchIn(bytes.subarray(at, at + RECORD_BYTES)));
  const sound = slots.filter((batch) => batch !== undefined);
  return sound.length === 0 ? undefined : Math.max(...sound);
}

function batchIn(slot: Buffer): number | undefined {
  if (slot.length < RECORD_BYTES || slot.toString('latin1', 0, 4) !== MAGIC) return undefined;
  return slot.readUInt32LE(12) === crc32(slot.subarray(0, 12)) ? slot.readDoubleLE(4) : undefined;
}
