import type { CheckDefinition, CheckResult, CheckRunner } from '../model/index.js';
import { formatDuration } from '../model/index.js';
import { timedOut } from './failure.js';
import { outputLimit } from './output.js';
import { type ProcessEnd, runProcess } from './process.js';

/**
 * Runs an argument vector (through `shell -c` only when the check names a shell): exit 0 passing, 1 warning, anything
 * else critical. The output is the end of stdout and stderr.
 */
export function scriptRunner(options: { readonly env?: Readonly<Record<string, string>> } = {}): CheckRunner {
  return commandRunner(({ args, shell }) => (shell === '' ? args : [shell, '-c', args.join(' ')]), options);
}

/** The same inside a running container, through the docker command. A timeout ends the command on this side only. */
export function dockerRunner(options: { readonly env?: Readonly<Record<string, string>> } = {}): CheckRunner {
  return commandRunner(
    ({ target, args, shell }) => [
      'docker',
      'exec',
      '--',
      target,
      ...(shell === '' ? args : [shell, '-c', args.join(' ')]),
    ],
    options,
  );
}

function commandRunner(
  argvOf: (check: CheckDefinition) => readonly string[],
  options: { readonly env?: Readonly<Record<string, string>> },
): CheckRunner {
  return {
    async run(check, signal) {
      const argv = argvOf(check);
      try {
        const env = { ...process.env, ...options.env };
        const end = await runProcess(argv, { env, keepBytes: outputLimit(check), signal });
        if (signal.aborted) return { status: 'critical', output: aborted(check, signal) };
        return { status: statusOf(end), output: text(end, outputLimit(check)) };
      } catch (error) {
        return { status: 'critical', output: startFailure(argv[0] ?? '', error) };
      }
    },
  };
}

function statusOf(end: ProcessEnd): CheckResult['status'] {
  if (end.code === 0) return 'passing';
  return end.code === 1 ? 'warning' : 'critical';
}

function text(end: ProcessEnd, keptBytes: number): string {
  const head = end.outputBytes > keptBytes ? `Captured ${keptBytes} of ${end.outputBytes} bytes\n...\n` : '';
  const ending = end.signal === undefined ? '' : `signal: ${end.signal}`;
  return head + end.output + (ending !== '' && end.output !== '' ? `\n${ending}` : ending);
}

function aborted(check: CheckDefinition, signal: AbortSignal): string {
  return timedOut(signal) ? `Timed out (${formatDuration(check.timeoutMs)}) running check` : 'check was stopped';
}

function startFailure(command: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return `exec: "${command}": executable file not found`;
  return `exec: "${command}": ${code === 'EACCES' ? 'permission denied' : message}`;
}
