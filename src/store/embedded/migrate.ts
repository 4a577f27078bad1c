/**
 * Brings a data directory of an older format to the current one. Of format 1 the store as it was becomes the backup: it is
 * only read, the new one is built beside it, and the two change places at the end. Format 3 is format 2 with documents of
 * sync among the rows, which a version that knows only format 2 cannot read: there is nothing to bring over.
 *
 * A crash at any point is safe, told by what is there on the next start:
 *   store/ old                      → begin again (a half-built store/ of the new format is thrown away)
 *   no store/, new one built        → finish the exchange
 *   store/ new, FORMAT old          → write FORMAT
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../runtime/index.js';
import { openFailure } from './damage.js';
import { writeFormat } from './data-dir.js';
import type { DataDir } from './data-dir.js';
import { openLevelEngine } from './engine.js';
import type { Engine } from './engine.js';
import { syncDirectory } from './files.js';
import { HighWaterMark } from './high-water-mark.js';
import { fromFormat1 } from './migrate-format-1.js';
import { readOrCreateNodeId } from './node-id.js';
import { STATE_KEY } from './records.js';

export interface MigrationContext {
  readonly datacenter: string;
  readonly logger: Logger;
}

export async function migrate(dir: DataDir, from: number, { datacenter, logger }: MigrationContext): Promise<void> {
  if (from > 1) return writeFormat(dir);
  const building = join(dir.path, 'store.migrating');
  if (existsSync(dir.store)) {
    const backup = freeName(join(dir.path, `backup-format-${from}`));
    const old = await open(dir, dir.store, false);
    try {
      if (old.get(STATE_KEY) !== undefined) return writeFormat(dir);
      rmSync(building, { recursive: true, force: true });
      const fresh = await open(dir, building, true);
      await fromFormat1(dir, old, fresh, { datacenter, origin: await readOrCreateNodeId(dir.path) });
      await fresh.close();
    } finally {
      await old.close();
    }
    renameSync(dir.store, backup);
    logger.warn({ dataDir: dir.path, from, backup }, 'data directory migrated, the old store is kept');
  }
  HighWaterMark.open(dir.mark, 0).close();
  renameSync(building, dir.store);
  syncDirectory(dir.path);
  writeFormat(dir);
}

function freeName(path: string): string {
  let name = path;
  for (let n = 2; existsSync(name); n++) name = `${path}.${n}`;
  return name;
}

async function open(dir: DataDir, path: string, create: boolean): Promise<Engine> {
  try {
    return await openLevelEngine(path, { create });
  } catch (error) {
    throw openFailure({ ...dir, store: path }, error);
  }
}
