import { createServer, get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { realClock } from '../../runtime/index.js';
import { Body } from './reply.js';
import { ReplyWriter } from './write.js';

test('large answers are refused while too much waits for slow clients, small ones are not', async () => {
  const large = new Body(Buffer.alloc(16 * 1024 * 1024));
  const small = new Body(Buffer.from('small'));
  const writer = new ReplyWriter([], realClock, 24 * 1024 * 1024);
  const server = createServer((message, out) => {
    void writer.send(message, out, { status: 200, headers: [], body: message.url === '/small' ? small : large });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  // Nothing is read of an answer until it is resumed.
  const ask = (path: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port, path, agent: false }, resolve).on('error', reject);
    });

  const slow = await ask('/large');
  expect((await ask('/large')).statusCode).toBe(503);
  expect((await ask('/small')).statusCode).toBe(200);
  const taken = new Promise((resolve) => slow.once('end', resolve));
  slow.resume();
  await taken;
  const next = await ask('/large');
  expect(next.statusCode).toBe(200);
  next.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
