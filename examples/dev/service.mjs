// What the three services of `datapunk dev` share: register, be checked, call another one by its name, leave in order.
// With the library of this package, over our agent or any Consul (CONSUL_HTTP_ADDR).
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceDiscoveryManager } from '@datapunk/discovery';
import { discovery } from '@datapunk/discovery/undici';
import { Agent, request } from 'undici';

const CALL_EVERY_MS = 500;
const CALL_TIMEOUT_MS = 1_000;

const manager = new ServiceDiscoveryManager();
// `http://orders.service/` goes to a healthy instance of orders, and to another one when that does not answer.
const dispatcher = new Agent().compose(discovery({ manager }));

/** Runs a service `name` that answers requests with `answer()` and keeps calling the service `calls`. */
export async function runService({ name, calls, answer }) {
  const stats = { name, pid: process.pid, to: calls, served: 0, ok: 0, failed: 0, last: '' };
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.url === '/health') response.end('"ok"');
    else if (request.url === '/stats') response.end(JSON.stringify(stats));
    else {
      stats.served += 1;
      response.end(JSON.stringify(answer()));
    }
  });
  const address = process.env.HOST ?? '127.0.0.1';
  await new Promise((resolve) => server.listen(0, address, resolve));
  const { port } = server.address();
  const { id } = await manager.registerService(name, {
    id: `${name}-1`,
    address,
    port,
    tags: ['dev'],
    metadata: { version: '1.0.0', pid: String(process.pid) },
    check: { http: '/health', interval: '1s', timeout: '1s' },
  });
  console.log(
    `${name} listens on ${address.includes(':') ? `[${address}]` : address}:${port} and is registered as ${id}`,
  );
  const stopping = new AbortController();
  onStop(async () => {
    stopping.abort();
    server.close();
    server.closeAllConnections();
    await manager.close({ timeoutMs: 1_000 });
  });
  while (!stopping.signal.aborted) {
    await callOnce(calls, stats);
    await sleep(CALL_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {});
  }
}

async function callOnce(name, stats) {
  try {
    const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
    const { body } = await request(`http://${name}.service/`, { dispatcher, signal });
    stats.last = (await body.text()).trim();
    stats.ok += 1;
  } catch (error) {
    // Everybody starts at the same time: what was never there has not failed.
    const isWaiting = error.code === 'NO_ENDPOINTS' && stats.ok === 0;
    stats.last = isWaiting ? `waiting for ${name}` : error.message;
    if (!isWaiting) stats.failed += 1;
  }
}

/** On Ctrl-C, SIGTERM, or when the process that started us is gone: once, then the end. */
function onStop(stop) {
  let stopped = false;
  const handler = async () => {
    if (stopped) return;
    stopped = true;
    await stop();
    process.exit(0);
  };
  for (const event of ['SIGINT', 'SIGTERM', 'disconnect']) process.on(event, handler);
}
