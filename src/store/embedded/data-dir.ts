/**
 * A data directory:
 *
 *   FORMAT            `datapunk discovery data, format 3`
 *   store/            the engine's files; its LOCK keeps a second agent out
 *   acknowledged      the ordinal of the newest acknowledged batch (`high-water-mark.ts`)
 *   owner             process id of the agent that has it open
 *   copies/           data directories of copies of other agents' facts (registry/copy-stores.ts)
 *   evidence/         log files of a store that proved damaged (`evidence.ts`)
 *   node-id           this agent's UUID
 *   backup-format-1/  the store as it was before a migration
 *
 * FORMAT is written last when a directory is made: without it there is nothing acknowledged in the store.
 */
import { constants, statSync } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ServiceDiscoveryError } from '../../model/index.js';
import { damaged } from './damage.js';
import { readIfThere, syncDirectory, writeDurably } from './files.js';

export const FORMAT = 3;
const FORMAT_LINE = /^datapunk discovery data, format ([1-9]\d{0,5})\n$/;

export interface DataDir {
  readonly path: string;
  readonly format: string;
  readonly store: string;
  readonly mark: string;
  readonly owner: string;
  readonly evidence: string;
  readonly nodeId: string;
}

function dataDirAt(path: string): DataDir {
  return {
    path,
    format: join(path, 'FORMAT'),
    store: join(path, 'store'),
    mark: join(path, 'acknowledged'),
    owner: join(path, 'owner'),
    evidence: join(path, 'evidence'),
    nodeId: join(path, 'node-id'),
  };
}

/** Creates it with its parents when absent, and makes sure it can be written. One line says what is in the way. */
export async function ensureDataDir(path: string): Promise<DataDir> {
  try {
    await makeDirectory(path);
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new ServiceDiscoveryError('UNAVAILABLE', `cannot use data directory ${path}: ${reasonOf(cause)}`, {
      cause,
      details: { hint: 'give a directory that this user may write, with --data-dir' },
    });
  }
  return dataDirAt(path);
}

/**
 * A step at a time, not `recursive`: that asks for ever where a file system answers "no such directory" for one that it
 * will not make, as /proc does.
 */
async function makeDirectory(path: string): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  if (dirname(path) !== path) await makeDirectory(dirname(path));
  await mkdir(path, { mode: 0o700 });
}

/** Undefined: no FORMAT yet. Refuses what is newer than this version and what is no version at all. */
export function readFormat(dir: DataDir): number | undefined {
  const text = readIfThere(dir.format);
  if (text === undefined) return undefined;
  const format = Number(FORMAT_LINE.exec(text)?.[1]);
  if (!format) throw damaged(dir, dir.format, 'it does not name a format');
  if (format > FORMAT) {
    throw new ServiceDiscoveryError(
      'UNSUPPORTED',
      `data directory ${dir.path} has format ${format}, made by a newer version; this one reads up to ${FORMAT}`,
      { details: { hint: 'start the newer version, or move the directory away' } },
    );
  }
  return format;
}

export function writeFormat(dir: DataDir): void {
  writeDurably(dir.format, `datapunk discovery data, format ${FORMAT}\n`);
  syncDirectory(dir.path);
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is not a directory',
  EEXIST: 'it is not a directory',
  ENOENT: 'no directory can be made there',
  ENOSPC: 'no space left on the device',
  ENAMETOOLONG: 'the path is too long',
};

function reasonOf(cause: unknown): string {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return REASONS[code] ?? message;
}
