// What the three services of `datapunk dev` share: register with the agent, discover others, call them, leave.
// Nothing but node:http and Consul's HTTP API, so it works with any Consul-compatible agent (CONSUL_HTTP_ADDR).
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const AGENT = `http://${process.env.CONSUL_HTTP_ADDR ?? '127.0.0.1:8500'}`;
const CALL_EVERY_MS = 500;
const CALL_TIMEOUT_MS = 1_000;

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
  const host = process.env.HOST ?? '127.0.0.1';
  await new Promise((resolve) => server.listen(0, host, resolve));
  const { port } = server.address();
  const id = `${name}-1`;
  await register({ name, id, host, port });
  const stopping = new AbortController();
  onStop(async () => {
    stopping.abort();
    server.close();
    server.closeAllConnections();
    await agent('PUT', `/v1/agent/service/deregister/${id}`).catch(() => {});
  });
  while (!stopping.signal.aborted) {
    await callOnce(calls, stats);
    await sleep(CALL_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => {});
  }
}

/** A healthy instance is asked; when it does not answer the next one is. None at all is no reason to stop either. */
async function callOnce(name, stats) {
  try {
    const addresses = await discover(name);
    if (addresses.length === 0 && stats.ok === 0) {
      // Everybody starts at the same time: what was never there has not failed.
      stats.last = `waiting for ${name}`;
      return;
    }
    if (addresses.length === 0) throw new Error(`no healthy ${name}`);
    stats.last = await firstAnswer(addresses);
    stats.ok += 1;
  } catch (error) {
    stats.last = error.message;
    stats.failed += 1;
  }
}

async function firstAnswer(addresses) {
  let failure;
  for (const address of addresses) {
    try {
      const response = await fetch(`http://${address}/`, { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
      return (await response.text()).trim();
    } catch (error) {
      failure = error.cause ?? error;
    }
  }
  throw failure;
}

/** `host:port` of the instances whose checks all pass, in random order. */
export async function discover(name) {
  const instances = await (await agent('GET', `/v1/health/service/${name}?passing`)).json();
  return instances
    .map(({ Node, Service }) => hostPort(Service.Address || Node.Address, Service.Port))
    .sort(() => Math.random() - 0.5);
}

async function register({ name, id, host, port }) {
  await agent('PUT', '/v1/agent/service/register', {
    Name: name,
    ID: id,
    Address: host,
    Port: port,
    Tags: ['dev'],
    Meta: { version: '1.0.0', pid: String(process.pid) },
    Check: {
      HTTP: `http://${hostPort(host, port)}/health`,
      Interval: '1s',
      Timeout: '1s',
      DeregisterCriticalServiceAfter: '1m',
    },
  });
  console.log(`${name} listens on ${hostPort(host, port)} and is registered as ${id}`);
}

async function agent(method, path, body) {
  const response = await fetch(AGENT + path, {
    method,
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(5_000),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response;
}

function hostPort(host, port) {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
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
