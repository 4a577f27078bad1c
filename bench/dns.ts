/**
 * Questions a second over UDP, beside a bare node:dgram socket that answers every datagram with one prebuilt buffer of
 * the same size (its id patched), in alternating rounds of the same run. 1,000 service names of three instances each,
 * asked by dnsperf where it is installed, else by a small generator in a process of its own. Arguments: `--rounds N`
 * (5), `--seconds N` (2).
 */
import { type ChildProcess, execFileSync, fork, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDnsServer, emptyQuery, encodeMessage, typeCodes } from '../src/dns/index.js';
import { catalogOf, fleetRows, queriesOver } from '../test/support/dns-catalog.js';
import { floodFrom } from './support/dns-flood.js';
import { median } from './support/load.js';
import { type Figure, report, whole } from './support/report.js';

const NAMES = 1_000;
const INSTANCES = 3;
const BAR = 65;
const CLIENTS = 16;
const IN_FLIGHT = 200;

interface Case {
  readonly what: string;
  readonly type: 'A' | 'AAAA' | 'SRV';
  readonly prefix?: string;
}

const CASES: readonly Case[] = [
  { what: 'A', type: 'A' },
  { what: 'SRV', type: 'SRV' },
  { what: 'AAAA without an answer', type: 'AAAA' },
  { what: 'A of unknown names', type: 'A', prefix: 'no-' },
];

const hasDnsperf = findDnsperf();
const [role, argument] = process.argv[2] === '--serve' ? process.argv.slice(3) : [];
if (role === 'ours') await serveOurs();
else if (role === 'bare') serveBare(Number(argument));
else await measureAll();

async function serveOurs(): Promise<void> {
  const services = Array.from({ length: NAMES }, (_, i) => fleetRows(`s${i}`, INSTANCES, `10.${i >> 8}`)).flat();
  const catalog = catalogOf(services);
  const server = createDnsServer({ catalog, queries: queriesOver(catalog, {}) });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  process.send?.(port);
}

function serveBare(bytes: number): void {
  const answer = Buffer.alloc(bytes);
  answer.writeUInt16BE(0x8400, 2);
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: 4 * 1024 * 1024,
    lookup: (host, _options, callback) => callback(null, host, 4),
  });
  socket.on('message', (question, from) => {
    answer[0] = question[0] as number;
    answer[1] = question[1] as number;
    socket.send(answer, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1', () => process.send?.(socket.address().port));
}

async function measureAll(): Promise<void> {
  const rounds = numberAfter('--rounds', 5);
  const seconds = numberAfter('--seconds', 2);
  const ours = await start('ours');
  const directory = mkdtempSync(join(tmpdir(), 'dns-bench-'));
  try {
    console.log(`generator: ${hasDnsperf ? 'dnsperf' : 'our own, which limits both sides'}`);
    for (const one of CASES) report([await measure(one, ours.port, directory, rounds, seconds)]);
  } finally {
    ours.child.kill();
    rmSync(directory, { recursive: true });
  }
}

async function measure(one: Case, port: number, directory: string, rounds: number, seconds: number): Promise<Figure> {
  const names = Array.from({ length: NAMES }, (_, i) => `${one.prefix ?? ''}s${i}.service.consul`);
  const file = join(directory, 'questions');
  writeFileSync(file, names.map((name) => `${name} ${one.type}\n`).join(''));
  const bytes = await answerSize(port, names[0] as string, one.type);
  const bare = await start('bare', String(bytes));
  const rates: { ours: number[]; bare: number[] } = { ours: [], bare: [] };
  try {
    for (let round = 0; round <= rounds; round++) {
      const beside = await load(bare.port, file, names, one.type, seconds);
      const mine = await load(port, file, names, one.type, seconds);
      // The first round warms up.
      if (round === 0) continue;
      rates.bare.push(beside);
      rates.ours.push(mine);
    }
  } finally {
    bare.child.kill();
  }
  const [mine, beside] = [median(rates.ours), median(rates.bare)];
  const share = Math.round((mine / beside) * 100);
  const held = one.type !== 'AAAA' && one.prefix === undefined;
  return {
    what: `${one.what} over UDP, ${bytes} B`,
    measured: `${whole(mine)} qps = ${share} %`,
    beside: `bare ${whole(beside)} qps`,
    ...(held && { bar: `${BAR} %`, reached: share >= BAR }),
  };
}

async function load(port: number, file: string, names: readonly string[], type: Case['type'], seconds: number) {
  if (!hasDnsperf)
    return floodFrom(
      port,
      names.map((name) => questionFor(name, type)),
      IN_FLIGHT,
      seconds,
    );
  const options = ['-s', '127.0.0.1', '-p', String(port), '-d', file, '-l', String(seconds)];
  const output = execFileSync('dnsperf', [...options, '-c', String(CLIENTS), '-T', '1', '-q', String(IN_FLIGHT)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return Number(/Queries per second:\s+([\d.]+)/.exec(output)?.[1] ?? Number.NaN);
}

function questionFor(name: string, type: Case['type']): Buffer {
  return encodeMessage({
    ...emptyQuery,
    questions: [{ name, type: typeCodes[type], class: 1 }],
  });
}

function answerSize(port: number, name: string, type: Case['type']): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', reject);
    socket.once('message', (answer) => {
      socket.close();
      resolve(answer.length);
    });
    socket.send(questionFor(name, type), port, '127.0.0.1');
  });
}

async function start(...what: string[]): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(import.meta.filename, ['--serve', ...what]);
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve(message as number));
    child.once('exit', () => reject(new Error(`the server "${what.join(' ')}" ended`)));
  });
  return { child, port };
}

function findDnsperf(): boolean {
  return spawnSync('dnsperf', ['-h'], { stdio: 'ignore' }).error === undefined;
}

function numberAfter(flag: string, otherwise: number): number {
  const at = process.argv.indexOf(flag);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}
