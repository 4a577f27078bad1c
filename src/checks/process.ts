import { type ChildProcess, spawn } from 'node:child_process';
import { onAbort } from '../runtime/index.js';
import { TailBuffer } from './output.js';

export interface ProcessEnd {
  /** Exit code; undefined when a signal ended it. */
  readonly code: number | undefined;
  /** Name of the signal that ended it. */
  readonly signal: string | undefined;
  /** The last of stdout and stderr, as they came. */
  readonly output: string;
  readonly outputBytes: number;
}

/**
 * Runs a command in a process group of its own and waits for it and for its output to end. On abort the whole group is
 * killed, so that what a script started goes with it. Rejects when the command cannot be started.
 */
export function runProcess(
  argv: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly keepBytes: number; readonly signal: AbortSignal },
): Promise<ProcessEnd> {
  return new Promise((resolve, reject) => {
    const [command = '', ...args] = argv;
    const output = new TailBuffer(options.keepBytes);
    const child = spawn(command, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: options.env });
    const ignore = onAbort(options.signal, () => killGroup(child));
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
    child.once('error', (error) => {
      ignore();
      reject(error);
    });
    child.once('close', (code, signal) => {
      ignore();
      resolve({
        code: code ?? undefined,
        signal: signal ?? undefined,
        output: output.toString(),
        outputBytes: output.totalBytes,
      });
    });
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone already; what still holds the pipes left it, and is not waited for.
  }
  child.stdout?.destroy();
  child.stderr?.destroy();
}
