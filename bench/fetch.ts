/**
 * Requests a second through the undici adapter beside plain undici that goes round the same addresses: keep-alive, a small
 * JSON answer, a service of 10 instances in a registry of this process, all of them ports of one bare server process.
 * Short alternating rounds, in turns first, and the medians of the shares that neighbouring rounds give: of requests a
 * second, which whatever else the machine does disturbs, and of the processor time that this process spends on a request,
 * which it disturbs little. The server is a process of its own.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Agent, fetch, request, type Dispatcher } from 'undici';
import { discovery } from '../src/adapters/undici/index.js';
import { ServiceDiscoveryManager } from '../src/client/index.js';
import { createRegistry } from '../src/registry/index.js';
import { median } from './support/load.js';
import { report, whole } from './support/report.js';

const ROUNDS = 40;
const SECONDS = 0.25;
const CONCURRENCY = 32;
const INSTANCES = 10;
const BAR_PERCENT = 85;

type Ask = (origin: string, dispatcher: Dispatcher) => Promise<unknown>;

const server = spawn(process.execPath, ['-e', serverProgram()], { stdio: ['ignore', 'pipe', 'inherit'] });
const closed = once(server, 'close');
const [line] = (await once(createInterface({ input: server.stdout }), 'line')) as [string];
const ports = JSON.parse(line) as number[];
const registry = await createRegistry();
const manager = new ServiceDiscoveryManager({ backend: registry });
try {
  for (const port of ports) await manager.registerService('bench-web', { address: '127.0.0.1', port });
  await measure('request()', async (origin, dispatcher) => {
    const { body } = await request(origin, { dispatcher });
    await body.text();
  });
  await measure('fetch()', async (origin, dispatcher) => (await fetch(origin, { dispatcher })).text());
} finally {
  await manager.close();
  await registry.close();
  server.kill();
  await closed;
}

async function measure(what: string, ask: Ask): Promise<void> {
  const plainAgent = new Agent();
  const ourAgent = new Agent();
  const interceptor = discovery({ manager });
  const adapted = ourAgent.compose(interceptor);
  let turn = 0;
  const plain = (): Promise<unknown> => ask(`http://127.0.0.1:${ports[turn++ % ports.length]}/`, plainAgent);
  const through = (): Promise<unknown> => ask('http://bench-web.service/', adapted);
  const rounds: { readonly ours: Round; readonly theirs: Round }[] = [];
  await round(plain, 0.5);
  await round(through, 0.5);
  for (let n = 0; n < ROUNDS; n++) {
    // In turns first: what one leaves behind (garbage, above all) is paid for by the other as often.
    const first = await round(n % 2 === 0 ? plain : through, SECONDS);
    const second = await round(n % 2 === 0 ? through : plain, SECONDS);
    rounds.push(n % 2 === 0 ? { theirs: first, ours: second } : { theirs: second, ours: first });
  }
  await interceptor.close();
  await plainAgent.close();
  await ourAgent.close();
  const share = 100 * median(rounds.map(({ ours, theirs }) => ours.perSecond / theirs.perSecond));
  const cpuShare = 100 * median(rounds.map(({ ours, theirs }) => theirs.cpuUs / ours.cpuUs));
  const perSecond = (which: 'ours' | 'theirs'): string => whole(median(rounds.map((one) => one[which].perSecond)));
  const cpuUs = (which: 'ours' | 'theirs'): string => median(rounds.map((one) => one[which].cpuUs)).toFixed(1);
  report([
    {
      what: `undici ${what} by service name, ${INSTANCES} instances, requests/s`,
      measured: `${perSecond('ours')} (${whole(share)} %)`,
      beside: `plain undici, by address ${perSecond('theirs')}`,
      bar: `>= ${BAR_PERCENT} %`,
      reached: share >= BAR_PERCENT,
    },
    {
      what: `undici ${what} by service name, processor time of the client per request`,
      measured: `${cpuUs('ours')} us (plain takes ${whole(cpuShare)} % of it)`,
      beside: `plain undici, by address ${cpuUs('theirs')} us`,
      bar: `>= ${BAR_PERCENT} %`,
      reached: cpuShare >= BAR_PERCENT,
    },
  ]);
}

interface Round {
  readonly perSecond: number;
  /** Of this process, per request, microseconds. */
  readonly cpuUs: number;
}

async function round(ask: () => Promise<unknown>, seconds: number): Promise<Round> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const end = began + seconds * 1000;
  let count = 0;
  const worker = async (): Promise<void> => {
    for (; performance.now() < end; count++) await ask();
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: (count * 1000) / (performance.now() - began), cpuUs: (user + system) / count };
}

function serverProgram(): string {
  return `
    const http = require('node:http');
    const body = Buffer.from(JSON.stringify('x'.repeat(98)));
    const answer = (req, res) => {
      req.resume();
      res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
      res.end(body);
    };
    const servers = Array.from({ length: ${INSTANCES} }, () => http.createServer(answer).listen(0, '127.0.0.1'));
    Promise.all(servers.map((s) => new Promise((r) => s.once('listening', () => r(s.address().port)))))
      .then((ports) => console.log(JSON.stringify(ports)));`;
}
