import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refKey, refOf } from '../model/index.js';
import type { Row, Snapshot, Store } from '../model/index.js';

/** A fresh directory under the system's temporary one, and its removal. */
export async function temporaryDirectory(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'datapunk-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** What a data directory would be after the process died now. */
export function copyOf(directory: string, to: string): Promise<void> {
  return cp(directory, to, { recursive: true });
}

/** What a follower of everything gets first. */
async function snapshotOf(store: Store): Promise<Snapshot> {
  const abort = new AbortController();
  for await (const update of store.follow(0, abort.signal)) {
    if (update.type === 'snapshot') return update;
  }
  throw new Error('the store ended without a snapshot');
}

/** Index and rows by key. */
export async function stateOf(store: Store): Promise<{ index: number; rows: ReadonlyMap<string, Row> }> {
  const { index, rows } = await snapshotOf(store);
  return { index, rows: new Map(Array.from(rows, (row) => [refKey(refOf(row)), row])) };
}
