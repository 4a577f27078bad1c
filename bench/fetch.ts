/**
 * Requests a second through the undici adapter beside plain undici that goes round the same addresses: keep-alive, a small
 * JSON answer, a service of 10 instances in a registry of this process, all of them ports of one bare server process.
 * Alternating rounds, medians, the share that of neighbouring rounds; the server shares the machine.
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

const ROUNDS = 15;
const SECONDS = 0.7;
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
  const ours: number[] = [];
  const theirs: number[] = [];
  await requestsPerSecond(plain, 0.5);
  await requestsPerSecond(through, 0.5);
  for (let round = 0; round < ROUNDS; round++) {
    theirs.push(await requestsPerSecond(plain, SECONDS));
    ours.push(await requestsPerSecond(through, SECONDS));
  }
  await interceptor.close();
  await plainAgent.close();
  await ourAgent.close();
  // Of neighbouring rounds: what else the machine does changes from minute to minute.
  const share = 100 * median(ours.map((perSecond, round) => perSecond / (theirs[round] ?? Number.NaN)));
  report([
    {
      what: `undici ${what} by service name, ${INSTANCES} instances, requests/s`,
      measured: `${whole(median(ours))} (${whole(share)} %)`,
      beside: `plain undici, by address ${whole(median(theirs))}`,
      bar: `>= ${BAR_PERCENT} %`,
      reached: share >= BAR_PERCENT,
    },
  ]);
}

async function requestsPerSecond(ask: () => Promise<unknown>, seconds: number): Promise<number> {
  const began = performance.now();
  const end = began + seconds * 1000;
  let count = 0;
  const worker = async (): Promise<void> => {
    for (; performance.now() < end; count++) await ask();
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return (count * 1000) / (performance.now() - began);
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
