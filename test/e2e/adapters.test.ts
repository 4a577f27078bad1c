/** The adapters over the real manager and an agent in a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as grpc from '@grpc/grpc-js';
import { Agent, fetch, type Dispatcher } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { registerDiscovery } from '../../src/adapters/grpc/index.js';
import { DiscoveryHttpAgent } from '../../src/adapters/http/index.js';
import { discovery } from '../../src/adapters/undici/index.js';
import { ServiceDiscoveryManager } from '../../src/client/index.js';
import { deadPort, httpInstance, type HttpInstance } from '../../src/testing/http-instance.js';
import type { AgentProcess } from '../support/agent.js';
import { useAgents } from '../support/use-agents.js';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const agents = useAgents();
const ends: (() => unknown)[] = [];
let agent: AgentProcess;
let manager: ServiceDiscoveryManager;

beforeEach(async () => {
  agent = await agents.start();
  manager = new ServiceDiscoveryManager({ addresses: [agent.origin], environment: {} });
});
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
  await manager.close();
});

async function register(port: number, tags: string[] = []): Promise<void> {
  await manager.registerService('orders', { address: '127.0.0.1', port, tags });
}

async function instance(...given: Parameters<typeof httpInstance>): Promise<HttpInstance> {
  const made = await httpInstance(...given);
  ends.push(made.close);
  return made;
}

function dispatcher(options: object = {}): Dispatcher {
  const undici = new Agent();
  ends.push(() => undici.destroy());
  return undici.compose(discovery({ manager, ...options }));
}

async function failuresOf100(through: Dispatcher): Promise<number> {
  let failed = 0;
  for (let i = 0; i < 100; i++) {
    await fetch('http://orders.service/', { dispatcher: through }).then(
      (answer) => answer.text(),
      () => failed++,
    );
  }
  return failed;
}

describe('fetch', () => {
  test('one dead address of two fails 0 of 100 requests', async () => {
    const a = await instance();
    await register(a.port);
    await register(await deadPort());
    expect(await failuresOf100(dispatcher())).toBe(0);
    expect(a.requests).toHaveLength(100);
  });

  test('an instance that is killed without a word fails none of those that may be repeated', async () => {
    const [a, b] = [await instance(), await instance()];
    await register(a.port);
    await register(b.port);
    const through = dispatcher();
    const all = Array.from({ length: 200 }, async (_, i) => {
      if (i === 100) await b.close();
      return (await fetch('http://orders.service/', { dispatcher: through })).text();
    });
    expect(new Set(await Promise.all(all)).has(String(a.port))).toBe(true);
  });

  test('a storm of 503 is multiplied no further than the budget: 20 % of requests and 10 a second, over 10 s', async () => {
    const all = await Promise.all(
      [1, 2, 3].map(() => instance((_request, response) => void response.writeHead(503).end())),
    );
    for (const { port } of all) await register(port);
    const through = dispatcher();
    const began = performance.now();
    for (let i = 0; i < 200; i++) await (await fetch('http://orders.service/', { dispatcher: through })).text();
    const seconds = (performance.now() - began) / 1000;
    const sent = all.reduce((sum, { requests }) => sum + requests.length, 0);
    expect(sent).toBeGreaterThanOrEqual(200);
    expect(sent).toBeLessThanOrEqual(200 * 1.2 + 10 * (10 + seconds));
  });

  test('tags and datacenters are asked for', async () => {
    const [v1, v2] = [await instance(), await instance()];
    await register(v1.port, ['v1']);
    await register(v2.port, ['v2']);
    const through = dispatcher();
    const ask = async (host: string): Promise<string> =>
      (await fetch(`http://${host}/`, { dispatcher: through })).text();
    expect(await ask('v2.orders.service')).toBe(String(v2.port));
    expect(await ask('v1.orders.service.dc1.consul')).toBe(String(v1.port));
  });
});

test('node:http by the agent', async () => {
  const a = await instance();
  await register(a.port);
  await register(await deadPort());
  const through = new DiscoveryHttpAgent({ manager });
  ends.push(() => through.close());
  for (let i = 0; i < 20; i++) {
    const [answer] = (await once(http.get('http://orders.service/', { agent: through }), 'response')) as [
      IncomingMessage,
    ];
    answer.resume();
    await once(answer, 'close');
  }
  expect(a.requests).toHaveLength(20);
});

test('gRPC by name, with an instance that joins', async () => {
  const who = {
    who: {
      path: '/test.Who/Who',
      requestStream: false,
      responseStream: false,
      requestSerialize: (value: string) => Buffer.from(value),
      requestDeserialize: String,
      responseSerialize: (value: string) => Buffer.from(value),
      responseDeserialize: String,
    },
  } as const;
  const serve = async (name: string): Promise<void> => {
    const server = new grpc.Server();
    ends.push(() => server.forceShutdown());
    server.addService(who, { who: (_call: unknown, done: grpc.sendUnaryData<string>) => done(null, name) });
    const credentials = grpc.ServerCredentials.createInsecure();
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    await manager.registerService('who', { address: '127.0.0.1', port });
  };
  await serve('first');
  const discovered = await registerDiscovery({ manager, grpc });
  ends.push(() => discovered.close());
  const Client = grpc.makeGenericClientConstructor(who, 'Who');
  const client = new Client('consul:///who', grpc.credentials.createInsecure());
  ends.push(() => client.close());
  const ask = (): Promise<string | undefined> =>
    new Promise((resolve, reject) => {
      const call = client['who'] as (asked: string, options: object, done: grpc.requestCallback<string>) => void;
      const options = { deadline: Date.now() + 5_000 };
      call.call(client, 'who?', options, (error, value) => (error ? reject(error) : resolve(value)));
    });
  expect(await ask()).toBe('first');
  await serve('second');
  await expect.poll(ask, { timeout: 10_000 }).toBe('second');
});

describe('a server that is asked to end', () => {
  test.each(['fastify', 'bare'])('%s: leaves in order, code 0', async (kind) => {
    const child = spawn(process.execPath, [join(FIXTURES, 'rolling-instance.mjs'), kind, 'orders', 'one'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, CONSUL_HTTP_ADDR: agent.origin },
    });
    const exit = once(child, 'exit');
    ends.push(() => child.kill('SIGKILL'));
    await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line');
    expect(await manager.discoverService('orders')).toMatchObject([{ id: 'one', address: '127.0.0.1' }]);
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
    expect(await manager.discoverService('orders', { useCache: false, onlyPassing: false })).toEqual([]);
  });
});
