import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { defaults, invalid, limits } from '../../model/index.js';
import type { CacheEntry } from '../../model/index.js';
import { realClock } from '../../runtime/index.js';
import type { Clock } from '../../runtime/index.js';
import { checkNumbers } from '../check-options.js';
import type { LastKnown } from '../loading/index.js';
import { readSealKeys, Sealer } from '../sealed/index.js';
import { decodeSnapshot, encodeLine, encodeSnapshot, isServable } from './snapshot.js';
import type { Read, Unusable } from './snapshot.js';
import { writeAtomically } from './write-atomically.js';

export interface LastKnownGoodOptions {
  /** One file for one process; folders are made. */
  readonly path: string;
  readonly clock?: Clock;
  /** Keys as of a sealed cache: the file is then encrypted and authenticated, and one that is not is not read. */
  readonly keys?: readonly (string | Uint8Array)[];
  /** Least time between two writes, ms. Default 5 s. */
  readonly writeMs?: number;
  /** Largest file, bytes: the values learnt longest ago are left out. Default 16 MiB. */
  readonly maxBytes?: number;
  /** Must not throw. */
  readonly onEvent?: (event: LastKnownGoodEvent) => void;
}

export type LastKnownGoodEvent =
  | { readonly type: 'loaded'; readonly path: string; readonly entries: number }
  /** There is a file, and it is not used. It is written over unless it is foreign or cannot be read. */
  | { readonly type: 'ignored'; readonly path: string; readonly why: Unusable }
  /** Once until a write succeeds again. */
  | { readonly type: 'write-failed'; readonly path: string; readonly error: Error }
  | { readonly type: 'write-recovered'; readonly path: string };

export interface LastKnownGood<V> extends LastKnown<V> {
  /** How many values there are. */
  readonly size: number;
  /** Writes what has not been written yet; resolves when it is on disk, or could not be. */
  flush(): Promise<void>;
  /** The last write. Harmless twice. */
  close(): Promise<void>;
}

/**
 * Values for the next start: read once, now, and written in the background, a while after each change. A start without a
 * registry then answers with what the last run knew, marked stale, with its true age. A file that is damaged or none of
 * ours is not used, a place that cannot be written is told of once, and neither stops anything.
 *
 * @throws ServiceDiscoveryError INVALID_ARGUMENT for options.
 */
export async function openLastKnownGood<V>(options: LastKnownGoodOptions): Promise<LastKnownGood<V>> {
  checkLastKnownGood(options);
  const file = new ValueFile<V>(options);
  await file.load();
  return file;
}

/** What `openLastKnownGood` refuses, before anything is read. */
export function checkLastKnownGood(options: LastKnownGoodOptions): void {
  if (typeof options.path !== 'string' || options.path === '' || options.path.includes('\0'))
    throw invalid('last-known-good file: path must be the path of a file', [
      { field: 'path', rule: 'the path of a file' },
    ]);
  checkNumbers('last-known-good file', {
    writeMs: [options.writeMs, 0],
    maxBytes: [options.maxBytes, 1024],
  });
  if (options.keys) readSealKeys(options.keys);
}

/** How much is made into text before others have their turn, bytes. */
const TURN_BYTES = 64 * 1024;

class ValueFile<V> implements LastKnownGood<V> {
  private readonly path: string;
  private readonly clock: Clock;
  private readonly sealer: Sealer | undefined;
  private readonly writeMs: number;
  private readonly maxBytes: number;
  private readonly emit: (event: LastKnownGoodEvent) => void;
  /** In the order in which they were learnt. */
  private readonly entries = new Map<string, CacheEntry<V>>();
  private dirty = false;
  private mayWrite = true;
  private failing = false;
  private closed = false;
  private writtenAtMs = -Infinity;
  private cancelTimer: (() => void) | undefined;
  private writing: Promise<void> | undefined;

  constructor(options: LastKnownGoodOptions) {
    this.path = resolve(options.path);
    this.clock = options.clock ?? realClock;
    this.sealer = options.keys && new Sealer(readSealKeys(options.keys));
    this.writeMs = options.writeMs ?? defaults.lastKnownWriteMs;
    this.maxBytes = options.maxBytes ?? limits.lastKnownBytes;
    this.emit = options.onEvent ?? (() => {});
  }

  get size(): number {
    return this.entries.size;
  }

  async load(): Promise<void> {
    const read = await this.read();
    if (!read) return;
    if (!read.ok) {
      this.mayWrite = read.why !== 'foreign' && read.why !== 'unreadable';
      this.emit({ type: 'ignored', path: this.path, why: read.why });
      return;
    }
    const now = this.clock.wall();
    for (const [key, entry] of read.entries) if (isServable(entry, now)) this.entries.set(key, entry);
    this.emit({ type: 'loaded', path: this.path, entries: this.entries.size });
  }

  get(key: string): CacheEntry<V> | undefined {
    const entry = this.entries.get(key);
    return entry && isServable(entry, this.clock.wall()) ? entry : undefined;
  }

  put(key: string, entry: CacheEntry<V>): void {
    if (this.closed) return;
    this.entries.delete(key);
    this.entries.set(key, entry);
    if (this.entries.size > limits.lastKnownKeys) {
      const [oldest] = this.entries.keys();
      this.entries.delete(oldest as string);
    }
    this.schedule();
  }

  delete(key: string): void {
    if (this.entries.delete(key)) this.schedule();
  }

  async flush(): Promise<void> {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    await this.writing;
    // Not again when it fails.
    if (this.dirty && this.mayWrite) await this.write();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.flush();
  }

  private async read(): Promise<Read<V> | undefined> {
    try {
      const { size, isFile } = await describe(this.path);
      // Reading a pipe or a device would never end.
      if (!isFile) return { ok: false, why: 'unreadable' };
      if (size > 2 * this.maxBytes) return { ok: false, why: 'too-large' };
      return decodeSnapshot(await readFile(this.path), this.sealer);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : { ok: false, why: 'unreadable' };
    }
  }

  private schedule(): void {
    this.dirty = true;
    if (this.cancelTimer || this.writing || this.closed || !this.mayWrite) return;
    const waitMs = Math.max(0, this.writtenAtMs + this.writeMs - this.clock.now());
    this.cancelTimer = this.clock.after(Math.max(waitMs, Math.min(this.writeMs, 100)), () => {
      this.cancelTimer = undefined;
      void this.write();
    });
  }

  /** One at a time; another one is scheduled when there was a change meanwhile. Never rejects. */
  private write(): Promise<void> {
    this.writing ??= this.writeOnce().finally(() => {
      this.writing = undefined;
      if (this.dirty) this.schedule();
    });
    return this.writing;
  }

  private async writeOnce(): Promise<void> {
    this.dirty = false;
    this.writtenAtMs = this.clock.now();
    try {
      await writeAtomically(this.path, encodeSnapshot(await this.lines(), this.sealer));
      if (this.failing) this.emit({ type: 'write-recovered', path: this.path });
      this.failing = false;
    } catch (error) {
      if (!this.failing) this.emit({ type: 'write-failed', path: this.path, error: error as Error });
      this.failing = true;
      this.dirty = true;
    }
  }

  /** The last learnt first, as many as there is room for. */
  private async lines(): Promise<string[]> {
    const now = this.clock.wall();
    const lines: string[] = [];
    let bytes = 0;
    let turnAt = TURN_BYTES;
    for (const [key, entry] of [...this.entries].toReversed()) {
      if (!isServable(entry, now)) continue;
      const line = encodeLine(key, entry);
      const size = Buffer.byteLength(line);
      if (bytes + size > this.maxBytes) continue;
      bytes += size;
      lines.push(line);
      if (bytes < turnAt) continue;
      turnAt = bytes + TURN_BYTES;
      await turn();
    }
    // Read in this order again, so that the order of learning stays.
    return lines.toReversed();
  }
}

async function describe(path: string): Promise<{ readonly size: number; readonly isFile: boolean }> {
  const stats = await stat(path);
  return { size: stats.size, isFile: stats.isFile() };
}
