/**
 * The built `bin/datapunk` as processes of its own, as people and supervisors meet it: for end-to-end tests and benches.
 * Agents listen on free loopback ports unless told otherwise and are stopped by their pid; what a failing test left
 * running ends with the test's own process.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

export interface AgentOptions {
  /** Without one the agent keeps everything in memory. */
  readonly dataDir?: string;
  /** Written to a file of its own; the path is in `configFile`, for reloads. */
  readonly config?: object;
  readonly flags?: readonly string[];
  /** `HOST:PORT`, or 'config' when the configuration says where. Default: a free port of 127.0.0.1. */
  readonly http?: string;
  readonly dns?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** A command that runs another in its own place: `['bash', '-c', 'ulimit -f 400; exec "$@"', 'bash']`. */
  readonly through?: readonly string[];
  /** 'config' when the configuration says which. Default: warn. */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'config';
  /** 'inherit' shows the log as it comes; else it is kept for `log()`. */
  readonly log?: 'keep' | 'inherit';
  readonly timeoutMs?: number;
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface AgentProcess extends AsyncDisposable {
  readonly pid: number;
  /** `http://127.0.0.1:8500` */
  readonly origin: string;
  readonly dns: { readonly host: string; readonly port: number };
  /** Of each server, as the ready line names it: `DNS over TLS` → `127.0.0.1:8853`. */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  readonly configFile: string | undefined;
  /** From the start of the process until it said that it is ready. */
  readonly startMs: number;
  readonly exited: Promise<Exit>;
  log(): string;
  signal(name: NodeJS.Signals): void;
  /** Asks it to stop and waits until it is gone. Harmless twice. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
  /** Resident set, bytes. */
  rssBytes(): number;
}

const READY_WITHIN_MS = 15_000;

export async function startAgent(options: AgentOptions = {}): Promise<AgentProcess> {
  const began = performance.now();
  const files = new TemporaryFiles();
  const configFile = options.config && files.write('agent.json', JSON.stringify(options.config));
  const child = start(flagsOf(options, configFile), options, options.log === 'inherit' ? 'inherit' : 'pipe');
  const log: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => void log.push(text));
  const exited = exitOf(child).finally(() => files.remove());
  try {
    const line = await readyLine(child, options.timeoutMs ?? READY_WITHIN_MS);
    return agentProcess(child, exited, log, addressesOf(line), configFile, performance.now() - began);
  } catch (error) {
    child.kill('SIGKILL');
    await exited;
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${log.join('')}`, { cause: error });
  }
}

export interface Finished extends Exit {
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
  /** Given a way to signal it while it runs. */
  readonly started?: (signal: (name: NodeJS.Signals) => void) => void;
}

/** A command line of `datapunk` that ends by itself; killed when it does not. */
export async function datapunk(
  args: readonly string[],
  { env, timeoutMs = 15_000, started }: CommandOptions = {},
): Promise<Finished> {
  const began = performance.now();
  const child = start(args, { env }, 'pipe');
  started?.((signal) => void child.kill(signal));
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const exit = await exitOf(child);
  clearTimeout(timer);
  return { ...exit, ...output, ms: performance.now() - began };
}

function flagsOf(options: AgentOptions, configFile: string | undefined): string[] {
  const { dataDir, http = '127.0.0.1:0', dns = '127.0.0.1:0', logLevel = 'warn', flags = [] } = options;
  return [
    'agent',
    ...(dataDir === undefined ? ['--dev'] : ['--data-dir', dataDir]),
    ...(configFile === undefined ? [] : ['--config-file', configFile]),
    ...(http === 'config' ? [] : ['--http-addr', http]),
    ...(dns === 'config' ? [] : ['--dns-addr', dns]),
    ...(logLevel === 'config' ? [] : ['--log-level', logLevel]),
    ...flags,
  ];
}

function start(
  args: readonly string[],
  { env, through = [] }: Pick<AgentOptions, 'env' | 'through'>,
  stderr: 'pipe' | 'inherit',
): ChildProcess {
  const [command = '', ...rest] = [...through, join(repository(), 'bin/datapunk'), ...args];
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', stderr],
    env: { ...process.env, ...env },
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** Whatever still runs ends with us. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** With all it wrote. */
async function exitOf(child: ChildProcess): Promise<Exit> {
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal };
}

/** The one line the agent prints when it answers. */
async function readyLine(child: ChildProcess, timeoutMs: number): Promise<string> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  try {
    const line = await new Promise<string | undefined>((resolve) => {
      lines.once('line', resolve);
      lines.once('close', () => resolve(undefined));
    });
    if (line?.includes(' ready: ')) return line;
    throw new Error(`the agent ended, or was not ready within ${timeoutMs} ms: ${line ?? ''}`);
  } finally {
    clearTimeout(timer);
    lines.close();
    child.stdout?.resume();
  }
}

function addressesOf(line: string): Map<string, string[]> {
  const named = [...line.matchAll(/, ((?:HTTPS?|DNS)(?: over (?:TLS|HTTPS))?|peers) ([^,]+)/g)];
  return new Map(named.map(([, name = '', at = '']) => [name, at.split(' ')]));
}

function agentProcess(
  child: ChildProcess,
  exited: Promise<Exit>,
  log: readonly string[],
  addresses: ReadonlyMap<string, readonly string[]>,
  configFile: string | undefined,
  startMs: number,
): AgentProcess {
  const pid = child.pid as number;
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return exited;
  };
  return {
    pid,
    origin: `http://${addresses.get('HTTP')?.find((address) => !address.startsWith('unix:')) ?? 'none.invalid'}`,
    dns: hostPort(addresses.get('DNS')?.[0] ?? ':0'),
    addresses,
    configFile,
    startMs,
    exited,
    log: () => log.join(''),
    signal: (name) => void child.kill(name),
    stop,
    rssBytes: () => Number(/VmRSS:\s+(\d+) kB/.exec(proc(pid, 'status'))?.[1] ?? 0) * 1024,
    [Symbol.asyncDispose]: async () => void (await stop('SIGKILL')),
  };
}

/** `[::1]:8600` → `{ host: '::1', port: 8600 }` */
export function hostPort(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(colon + 1)) };
}

function proc(pid: number, file: string): string {
  return readFileSync(`/proc/${pid}/${file}`, 'utf8');
}

class TemporaryFiles {
  private directory: string | undefined;

  write(name: string, text: string): string {
    this.directory ??= mkdtempSync(join(tmpdir(), 'datapunk-agent-'));
    const path = join(this.directory, name);
    writeFileSync(path, text);
    return path;
  }

  remove(): void {
    if (this.directory !== undefined) rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Tests run from the sources, benches compiled from below `build/`. */
function repository(): string {
  let directory = import.meta.dirname;
  while (!existsSync(join(directory, 'bin/datapunk'))) directory = dirname(directory);
  return directory;
}
