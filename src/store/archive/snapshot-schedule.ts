/**
 * Snapshots by the clock: written beside, synced, read back whole, and only then given their name; then all but the
 * newest `retain` go. A snapshot that failed leaves the ones before alone and is told; the next is tried at its time.
 */
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { defaults, ServiceDiscoveryError } from '../../model/index.js';
import { silentLogger } from '../../runtime/index.js';
import type { Clock, Logger } from '../../runtime/index.js';
import { inspectSnapshot } from './read-archive.js';
import type { SnapshotSource } from './write-archive.js';
import { writeSnapshotArchive } from './write-archive.js';

export interface SnapshotScheduleOptions {
  /** Created with its parents when absent. Only files named like ours are ever removed from it. */
  readonly directory: string;
  /** Default: one hour. */
  readonly intervalMs?: number;
  /** Newest ones kept. Default: 30. */
  readonly retain?: number;
  /** Everything there is now. */
  readonly source: () => Omit<SnapshotSource, 'createdAt'>;
  readonly clock: Clock;
  readonly logger?: Logger;
}

/** Index and time in the name sort like the snapshots: zero-padded, UTC. */
const NAME = /^snapshot-\d{8}T\d{9}Z-\d{16}\.tgz$/;
const DRAFT = /^snapshot-\d{8}T\d{9}Z-\d{16}\.tgz\.partial$/;

export class SnapshotSchedule {
  private readonly abort = new AbortController();
  private running: Promise<void> | undefined;

  constructor(private readonly options: SnapshotScheduleOptions) {}

  /** The first one is taken after one interval. */
  start(): void {
    this.running ??= this.run();
  }

  /** Resolves with the path of a new snapshot, proved whole. */
  async take(): Promise<string> {
    const { directory, source, clock, retain = defaults.snapshotRetain } = this.options;
    const createdAt = clock.wall();
    const taken = source();
    const path = join(directory, nameOf(createdAt, taken.index));
    const draft = `${path}.partial`;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    try {
      await writeFileDurably(draft, writeSnapshotArchive({ ...taken, createdAt }));
      const found = await inspectSnapshot(createReadStream(draft));
      if (found.index !== taken.index) throw new Error(`it reads back with index ${found.index}`);
      await rename(draft, path);
      await syncDirectory(directory);
    } catch (cause) {
      await rm(draft, { force: true });
      throw new ServiceDiscoveryError('UNAVAILABLE', `no snapshot in ${directory}: ${(cause as Error).message}`, {
        cause,
      });
    }
    await prune(directory, retain);
    return path;
  }

  async close(): Promise<void> {
    this.abort.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { clock, logger = silentLogger, intervalMs = defaults.snapshotIntervalMs } = this.options;
    const { signal } = this.abort;
    for (;;) {
      await clock.sleep(intervalMs, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        logger.info({ path: await this.take() }, 'snapshot.taken');
      } catch (error) {
        logger.error({ err: error }, 'snapshot.failed');
      }
    }
  }
}

function nameOf(wallMs: number, index: number): string {
  const at = new Date(wallMs).toISOString().replaceAll(/[-:.]/g, '');
  return `snapshot-${at}-${String(index).padStart(16, '0')}.tgz`;
}

async function prune(directory: string, retain: number): Promise<void> {
  const names = await readdir(directory);
  const old = names
    .filter((name) => NAME.test(name))
    .toSorted()
    .slice(0, -retain);
  const abandoned = names.filter((name) => DRAFT.test(name));
  for (const name of [...old, ...abandoned]) await rm(join(directory, name), { force: true });
}

async function writeFileDurably(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    for await (const piece of bytes) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
