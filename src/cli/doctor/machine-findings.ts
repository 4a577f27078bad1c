import { access, constants, stat, statfs } from 'node:fs/promises';
import { plural } from '../output/words.js';
import { ok, problem, warning, why, type Finding } from './finding.js';

const SPACE_BYTES = 512 * 1024 * 1024;
const DESCRIPTORS = 4_096;

/** The directory the agent keeps its state in, as this user sees it. */
export async function lookAtDataDir(dir: string): Promise<Finding[]> {
  const found = await stat(dir).catch((error: unknown) => error as Error);
  if (found instanceof Error) {
    const { code } = found as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [ok('data dir', `${dir} does not exist yet; the agent makes it`)];
    return [problem('data dir', `${dir}: ${why(found)}`, 'Run this as the user of the agent, or on its machine.')];
  }
  if (!found.isDirectory()) return [problem('data dir', `${dir} is not a directory`, 'Give another with --data-dir.')];
  return [await writable(dir), privacy(dir, found.mode), await space(dir)];
}

async function writable(dir: string): Promise<Finding> {
  try {
    await access(dir, constants.R_OK | constants.W_OK | constants.X_OK);
    return ok('data dir', `${dir} can be read and written`);
  } catch (error) {
    return problem(
      'data dir',
      `this user cannot write ${dir}: ${why(error)}`,
      'Run the agent as the owner, or change the owner.',
    );
  }
}

function privacy(dir: string, mode: number): Finding {
  if ((mode & 0o077) === 0) return ok('permissions', `${dir} is its owner’s alone`);
  const says = `others of this machine may look into ${dir} (mode ${(mode & 0o777).toString(8)})`;
  return warning('permissions', says, `chmod 700 ${dir}: key-values and tokens are in there.`);
}

async function space(dir: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(dir);
  const free = bavail * bsize;
  const text = `${(free / 1024 ** 3).toFixed(1)} GiB free`;
  if (free >= SPACE_BYTES) return ok('disk', text);
  return warning('disk', `only ${text}`, 'Make room: when the disk is full the agent refuses writes and ends.');
}

/** Sockets and files this user may open at once. */
export function lookAtDescriptors(): Finding[] {
  const limit = openFiles();
  if (limit === undefined) return [];
  if (limit >= DESCRIPTORS) return [ok('open files', plural(limit, 'descriptor'))];
  return [
    warning(
      'open files',
      `this user may open ${limit} only`,
      'Raise it (ulimit -n, LimitNOFILE): every waiting client takes one.',
    ),
  ];
}

function openFiles(): number | undefined {
  const report = process.report.getReport() as unknown as {
    readonly userLimits?: { readonly open_files?: { readonly soft?: number | string } };
  };
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : undefined;
}
