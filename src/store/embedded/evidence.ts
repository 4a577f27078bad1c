/**
 * LevelDB replays its log when it opens and then removes it, damaged or not. A second name for the log and the
 * manifest, given before, keeps them for finding out which file was damaged, on every later start too, and for whoever
 * wants to save what can be saved. Removed once the data proved whole.
 */
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceDiscoveryError } from '../../model/index.js';
import { damaged } from './damage.js';
import type { DataDir } from './data-dir.js';
import { damageInLog, damageInTable } from './level-files.js';
import { tablesIn } from './level-manifest.js';

const LOG = /^\d+\.log$/;
const MANIFEST = /^MANIFEST-\d+$/;
const TABLE = /^\d+\.(ldb|sst)$/;

/** Returns whether there is any that was not there before. */
export function keepEvidence(dir: DataDir): boolean {
  const names = namesIn(dir.store).filter((name) => LOG.test(name) || MANIFEST.test(name));
  // What an earlier start kept is older, and nothing was acknowledged since.
  if (names.length === 0 || existsSync(dir.evidence)) return false;
  mkdirSync(dir.evidence, { mode: 0o700 });
  for (const name of names) {
    try {
      linkSync(join(dir.store, name), join(dir.evidence, name));
    } catch {
      // A file system without links: an error then names the directory only.
    }
  }
  return true;
}

/**
 * Throws CORRUPT for a table in use whose checksums are wrong. Before LevelDB opens it: LevelDB does not check them, and
 * what it then makes of a damaged block can end the process. Tables that no manifest names are left over from a
 * compaction that was cut off, and may look like anything; with a damaged manifest LevelDB says so itself.
 */
export function assertTablesWhole(dir: DataDir): void {
  const names = namesIn(dir.store);
  const manifest = names.findLast((name) => MANIFEST.test(name));
  const edits = manifest && bytesIfThere(join(dir.store, manifest));
  const used = edits && tablesIn(edits);
  if (!used) return;
  for (const name of names.filter((each) => TABLE.test(each) && used.has(Number.parseInt(each, 10)))) {
    const file = join(dir.store, name);
    const table = bytesIfThere(file);
    const at = table && damageInTable(table);
    if (at !== undefined) throw damaged(dir, file, `wrong checksum at byte ${at}`);
  }
}

/** The log that ends too early when the newest batches are missing. */
export function newestLog(dir: DataDir): string | undefined {
  const newest = namesIn(dir.evidence).findLast((name) => LOG.test(name));
  return newest && join(dir.evidence, newest);
}

export function dropEvidence(dir: DataDir): void {
  rmSync(dir.evidence, { recursive: true, force: true });
}

/** The same error, naming the file when one can be found. */
export function located(dir: DataDir, error: ServiceDiscoveryError): ServiceDiscoveryError {
  if (error.details['file'] !== dir.store) return error;
  const found = damagedFile(dir);
  if (!found) return error;
  const { what } = error.details;
  return damaged(dir, found.file, `wrong checksum at byte ${found.at}; ${String(what)}`, error);
}

function damagedFile(dir: DataDir): { readonly file: string; readonly at: number } | undefined {
  const kept = namesIn(dir.evidence).map((name) => ({ file: join(dir.evidence, name), check: damageInLog }));
  const tables = namesIn(dir.store)
    .filter((name) => TABLE.test(name))
    .map((name) => ({ file: join(dir.store, name), check: damageInTable }));
  for (const { file, check } of [...kept, ...tables]) {
    const at = check(readFileSync(file));
    if (at !== undefined) return { file, at };
  }
  return undefined;
}

/** Another agent that uses the directory may remove a file at any moment; LevelDB's lock then says who it is. */
function bytesIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).toSorted();
  } catch {
    return [];
  }
}
