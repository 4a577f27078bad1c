import { join } from 'node:path';
import { ServiceDiscoveryError } from '../../model/index.js';
import type { DataDir } from './data-dir.js';
import { readIfThere } from './files.js';

/** Data that is not as it was written. Says which file, and the way out; nothing is repaired or dropped by itself. */
export function damaged(
  dir: Pick<DataDir, 'path'>,
  file: string,
  what: string,
  cause?: unknown,
  hint = startAnew(dir.path),
): ServiceDiscoveryError {
  return new ServiceDiscoveryError('CORRUPT', `data directory ${dir.path} is damaged: ${file}: ${what}`, {
    ...(cause !== undefined && { cause }),
    details: { file, what, hint },
  });
}

function startAnew(path: string): string {
  return (
    `move ${path} away, start the agent with an empty one and run 'datapunk snapshot restore FILE' ` +
    'with the last snapshot; without a snapshot, services register again and key-values are lost'
  );
}

/** Why the engine did not open, in our terms. */
export function openFailure(dir: DataDir, error: unknown): ServiceDiscoveryError {
  const cause = rootOf(error);
  const { code, message } = cause as { code?: string; message: string };
  if (code === 'LEVEL_LOCKED') return inUse(dir, cause);
  if (/no space left|permission denied|read-only file system|too many open files/i.test(message)) {
    return new ServiceDiscoveryError('UNAVAILABLE', `cannot use data directory ${dir.path}: ${message}`, { cause });
  }
  if (/create_if_missing is false/.test(message))
    return damaged(dir, join(dir.store, 'CURRENT'), 'it is missing', cause);
  return damaged(dir, fileIn(dir, message) ?? dir.store, message, cause);
}

/** Why a write failed; the store accepts nothing after it. */
export function writeFailure(dir: Pick<DataDir, 'path'>, error: unknown): ServiceDiscoveryError {
  const { message } = error as Error;
  return new ServiceDiscoveryError('UNAVAILABLE', `cannot write to data directory ${dir.path}: ${message}`, {
    cause: error,
    details: {
      hint: /no space left/i.test(message)
        ? 'free some space and start the agent again: nothing acknowledged is lost'
        : 'check the disk, then start the agent again',
    },
  });
}

function inUse(dir: DataDir, cause: unknown): ServiceDiscoveryError {
  const pid = readIfThere(dir.owner)?.trim();
  const who = pid ? `another agent, process ${pid}` : 'another process';
  return new ServiceDiscoveryError('UNAVAILABLE', `data directory ${dir.path} is in use by ${who}`, {
    cause,
    details: {
      hint: 'stop it, or give this agent a directory of its own with --data-dir',
      ...(pid && { pid: Number(pid) }),
    },
  });
}

/** abstract-level wraps the engine's error in one that only says that it is not open. */
function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? error.cause : error;
}

function fileIn(dir: DataDir, message: string): string | undefined {
  const name = /\/(MANIFEST-\d+|\d+\.(?:ldb|sst|log))\b/.exec(message)?.[1];
  if (name) return join(dir.store, name);
  // CURRENT names the manifest: with a wrong name in it, a file without a meaning is looked for.
  return /CURRENT file|No such file/.test(message) ? join(dir.store, 'CURRENT') : undefined;
}
