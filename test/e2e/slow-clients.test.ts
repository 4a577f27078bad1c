/** Clients that take their time, on purpose: nobody else is kept waiting, and what they hold is bounded. */
import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startAgent, type AgentProcess } from '../support/agent.js';
import { http, httpJson } from '../support/http.js';
import { connection } from '../support/raw.js';

let agent: AgentProcess;
const HOST = 'Host: agent\r\n';

beforeAll(async () => {
  agent = await startAgent();
});

afterAll(async () => {
  expect(await agent.stop()).toEqual({ code: 0, signal: null });
  expect(agent.log()).toBe('');
});

async function connections(): Promise<number> {
  const { text } = await http(agent.origin, 'GET /metrics');
  return Number(/^discovery_http_connections (\d+)$/m.exec(text)?.[1]);
}

/** Is refused, and does not close its side of the connection. */
function stay(socket: Socket): void {
  socket.resume().write('no request\r\n\r\n');
}

test('thousands of half-open ones keep nobody else out, and are closed after a while', async () => {
  const beginnings = ['', 'G', 'GET /v1/status/leader HTTP/1.1\r\nHos', `PUT /v1/kv/h HTTP/1.1\r\n${HOST}Content-Le`];
  const sockets = await Promise.all(
    Array.from({ length: 3000 }, async (_, i) => {
      const socket = await connection(agent.origin);
      socket.resume().write(beginnings[i % beginnings.length] as string);
      return socket;
    }),
  );
  for (let i = 0; i < 50; i++) stay(await connection(agent.origin, { allowHalfOpen: true }));
  const dribbling = await connection(agent.origin);
  dribbling.resume().write(`GET / HTTP/1.1\r\n${HOST}`);
  const dribble = setInterval(() => dribbling.write('X: y\r\n'), 250);
  const began = performance.now();
  for (let i = 0; i < 20; i++) expect((await http(agent.origin, 'GET /v1/agent/self')).status).toBe(200);
  expect(performance.now() - began).toBeLessThan(2_000);
  const open = (): number => [...sockets, dribbling].filter((socket) => !socket.closed).length;
  await expect.poll(open, { timeout: 20_000, interval: 250 }).toBe(0);
  // Those that were told to go and did not are closed for good.
  await expect.poll(() => connections(), { timeout: 10_000, interval: 250 }).toBeLessThan(20);
  clearInterval(dribble);
}, 30_000);

test('clients that ask for much and read nothing hold no more than a bounded amount', async () => {
  // 35 MB an answer: what may wait is far from a multiple of it.
  const value = Buffer.alloc(500_000, 'x');
  for (let i = 0; i < 52; i++) await httpJson(agent.origin, `PUT /v1/kv/much/${i}`, value);
  const greedy = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const socket = await connection(agent.origin);
      socket.pause();
      socket.write(`GET /v1/kv/much/?recurse HTTP/1.1\r\n${HOST}\r\n`);
      return socket;
    }),
  );
  // Large answers are refused while that much waits, and given again when it does not.
  const status = async (): Promise<number> => (await http(agent.origin, 'GET /v1/kv/much/?recurse')).status;
  await expect.poll(status, { timeout: 10_000 }).toBe(503);
  expect((await http(agent.origin, 'GET /v1/status/leader')).status).toBe(200);
  expect(agent.rssBytes()).toBeLessThan(1.2e9);
  for (const socket of greedy) socket.destroy();
  await expect.poll(status, { timeout: 10_000 }).toBe(200);
  expect((await http(agent.origin, 'DELETE /v1/kv/much/?recurse')).status).toBe(200);
});
