/**
 * 10,000 checks every 10 s, against listeners in a process of their own: what share of one core they cost beside the
 * bare connections or requests alone, how punctually they start, and whether a stall of the event loop for twice their
 * timeout makes healthy services critical. `--long` measures each kind for 60 s rather than 6.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { checkRunners, CheckScheduler } from '../src/checks/index.js';
import { type CheckRegistration, toCheckDefinition } from '../src/model/index.js';
import { realClock, realRandom } from '../src/runtime/index.js';
import { percentile } from './support/load.js';
import { type Figure, report } from './support/report.js';

const CHECKS = 10_000;
const INTERVAL_S = 10;
const PORTS = 100;
const STALL_MS = 2_000;
const WARM_UP_MS = 1_000;
const TIMEOUT = '1s';
const measureMs = process.argv.includes('--long') ? 60_000 : 6_000;
const baselineMs = 2_000;

const KINDS: readonly Kind[] = [
  {
    name: 'tcp',
    bar: 30,
    registration: (port) => ({ TCP: `127.0.0.1:${port}` }),
    bare: (port) => {
      const socket = connect(port, '127.0.0.1', () => socket.destroy());
    },
  },
  {
    name: 'http',
    registration: (port) => ({ HTTP: `http://127.0.0.1:${port}/health` }),
    bare: (port) => get({ port, host: '127.0.0.1', agent }, (response) => response.resume()),
  },
];

interface Kind {
  readonly name: string;
  readonly bar?: number;
  readonly registration: (port: number) => CheckRegistration;
  readonly bare: (port: number) => unknown;
}

const agent = new Agent({ keepAlive: false });
const listeners = await startListeners();
try {
  for (const kind of KINDS) report(await measure(kind, listeners.ports));
} finally {
  listeners.child.kill();
}

async function measure(kind: Kind, ports: readonly number[]): Promise<Figure[]> {
  await bareLoad(kind, ports, WARM_UP_MS);
  let bareLateness: readonly number[] = [];
  const bareShare = await coreShare(async () => (bareLateness = await bareLoad(kind, ports, baselineMs)));
  let delays: number[] = [];
  let critical = 0;
  let stallNext = false;
  const scheduler = new CheckScheduler({
    clock: realClock,
    random: realRandom,
    runnerOf: checkRunners({ aliases: { checksOf: () => undefined } }),
    onStart: (_, delayMs) => {
      delays.push(delayMs);
      // With the run just begun still waiting for its answer.
      if (stallNext) process.nextTick(stall);
      stallNext = false;
    },
    onResult: (_, { status, output }) => {
      if (status === 'passing') return;
      critical++;
      console.error(output);
    },
  });
  const addMs = milliseconds(() => addAll(scheduler, kind, ports));
  await delay(WARM_UP_MS);
  delays = [];
  const share = await coreShare(() => delay(measureMs));
  const punctual = delays;
  delays = [];
  stallNext = true;
  await delay(STALL_MS + 2_500);
  const { lagMs, timedOut } = scheduler.metrics();
  await scheduler.close();
  const perSecond = punctual.length / (measureMs / 1_000);
  return [
    {
      what: `${kind.name}: ${CHECKS} every ${INTERVAL_S} s, share of a core`,
      measured: `${share.toFixed(1)} % at ${perSecond.toFixed(0)}/s`,
      beside: `${bareShare.toFixed(1)} % bare`,
      ...(kind.bar === undefined ? {} : { bar: `<= ${kind.bar} %`, reached: share <= kind.bar }),
    },
    {
      what: `${kind.name}: start error p50, p99`,
      measured: spread(punctual),
      beside: `bare timers ${spread(bareLateness)}`,
      bar: 'p99 <= 20 ms',
      reached: percentile(punctual, 0.99) <= 20,
    },
    {
      what: `${kind.name}: false criticals, ${STALL_MS / 1_000} s stall, timeout ${TIMEOUT}`,
      measured: `${critical} (${timedOut} timeouts, ${lagMs.toFixed(0)} ms of lag subtracted)`,
      bar: '0',
      reached: critical === 0,
    },
    { what: `${kind.name}: adding all`, measured: `${addMs.toFixed(0)} ms` },
  ];
}

function addAll(scheduler: CheckScheduler, kind: Kind, ports: readonly number[]): void {
  for (let id = 0; id < CHECKS; id++) {
    const registration = kind.registration(ports[id % ports.length] as number);
    const definition = toCheckDefinition({ ...registration, Interval: `${INTERVAL_S}s`, Timeout: TIMEOUT });
    scheduler.add(`service:web-${id}`, definition, { firstRun: 'phase' });
  }
}

/** The same number of connections or requests a second, with nothing around them; gives how late its timers were. */
async function bareLoad({ bare }: Kind, ports: readonly number[], forMs: number): Promise<readonly number[]> {
  const everyMs = 5;
  const each = (CHECKS / INTERVAL_S / 1_000) * everyMs;
  const began = performance.now();
  const latenessMs: number[] = [];
  let sent = 0;
  while (performance.now() - began < forMs) {
    const due = ((performance.now() - began) / everyMs) * each;
    for (; sent < due; sent++) bare(ports[sent % ports.length] as number);
    const dueMs = performance.now() + everyMs;
    await delay(everyMs);
    latenessMs.push(performance.now() - dueMs);
  }
  return latenessMs;
}

/** Share of one core, in percent, that this process used meanwhile. */
async function coreShare(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  const began = performance.now();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 10 / (performance.now() - began);
}

function spread(delaysMs: readonly number[]): string {
  return `${percentile(delaysMs, 0.5).toFixed(1)} ms, ${percentile(delaysMs, 0.99).toFixed(1)} ms`;
}

function stall(): void {
  const until = performance.now() + STALL_MS;
  while (performance.now() < until);
}

function milliseconds(work: () => void): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}

async function startListeners(): Promise<{ child: ChildProcess; ports: readonly number[] }> {
  const program = `
    const { createServer } = require('node:http');
    const servers = Array.from({ length: ${PORTS} }, () => createServer((_, res) => res.end('ok')).listen(0, '127.0.0.1'));
    setTimeout(() => console.log(JSON.stringify(servers.map((server) => server.address().port))), 200);
    process.on('disconnect', () => process.exit());`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const line = await new Promise<string>((resolve) =>
    child.stdout?.once('data', (bytes: Buffer) => resolve(bytes.toString())),
  );
  return { child, ports: JSON.parse(line) as number[] };
}
