/** Child processes of a bench: the built agent and bare baselines, on free loopback ports, always stopped by pid. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** build/bench/support → the repository. */
const ROOT = join(import.meta.dirname, '../../..');

export interface Running {
  readonly pid: number;
  readonly origin: string;
  readonly port: number;
  readonly dnsPort: number;
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Resident set, bytes. */
  rssBytes(): number;
  /** User and system time so far, milliseconds. */
  cpuMs(): number;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** `datapunk agent`, ready to answer. Without a data directory it keeps everything in memory. */
export async function startAgent(
  options: { dataDir?: string; flags?: readonly string[]; timeoutMs?: number } = {},
): Promise<Running> {
  const [port, dnsPort] = [await freePort(), await freePort()];
  const flags = [
    'agent',
    '--http-addr',
    `127.0.0.1:${port}`,
    '--dns-addr',
    `127.0.0.1:${dnsPort}`,
    '--log-level',
    'error',
  ];
  flags.push(
    ...(options.dataDir === undefined ? ['--dev'] : ['--data-dir', options.dataDir]),
    ...(options.flags ?? []),
  );
  const child = spawn(join(ROOT, 'bin/datapunk'), flags, { stdio: ['ignore', 'ignore', 'inherit'] });
  return ready(child, port, dnsPort, '/readyz', options.timeoutMs ?? 15_000);
}

/** node:http answering every request with one prebuilt JSON body of `bytes` bytes. */
export async function startBareHttp(bytes: number): Promise<Running> {
  const port = await freePort();
  const program = `
    const body = Buffer.from(JSON.stringify('x'.repeat(Math.max(0, ${bytes} - 2))));
    require('node:http').createServer((req, res) => {
      req.resume();
      res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
      res.end(body);
    }).listen(${port}, '127.0.0.1');`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'ignore', 'inherit'] });
  return ready(child, port, 0, '/', 5_000);
}

async function ready(
  child: ChildProcess,
  port: number,
  dnsPort: number,
  path: string,
  timeoutMs: number,
): Promise<Running> {
  const origin = `http://127.0.0.1:${port}`;
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const giveUp = performance.now() + timeoutMs;
  while (performance.now() < giveUp && child.exitCode === null) {
    if (
      await fetch(origin + path).then(
        (r) => r.ok,
        () => false,
      )
    )
      return running(child, closed, origin, port, dnsPort);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  child.kill('SIGKILL');
  throw new Error(`${child.spawnfile} did not answer on ${origin} within ${timeoutMs} ms`);
}

function running(child: ChildProcess, closed: Promise<void>, origin: string, port: number, dnsPort: number): Running {
  const pid = child.pid as number;
  const proc = (file: string): string => readFileSync(`/proc/${pid}/${file}`, 'utf8');
  return {
    pid,
    origin,
    port,
    dnsPort,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await closed;
    },
    rssBytes: () => Number(/VmRSS:\s+(\d+) kB/.exec(proc('status'))?.[1] ?? 0) * 1024,
    cpuMs: () => {
      // After the name in brackets: state is field 0, utime 11, stime 12, in ticks of 10 ms.
      const fields = proc('stat').split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
  };
}
