/** What an HTTPS server may answer besides a DNS message. */
import { createServer } from 'node:https';
import type { ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { listenOnLoopback, testCertificate } from '../../testing/loopback-server.js';
import { decodeMessage, encodeMessage } from '../index.js';
import { createDnsClient } from './index.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

type Reply = (response: ServerResponse, answer: Buffer) => void;

async function asked(reply: Reply) {
  const seen: { method?: string; url?: string; type?: string; id: number }[] = [];
  const certificate = testCertificate();
  const server = createServer(certificate, (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const message = decodeMessage(Buffer.concat(pieces));
      const { method, url, headers } = request;
      seen.push({ method, url, type: headers['content-type'], id: message.id });
      const name = message.questions[0]?.name ?? '';
      reply(
        response,
        encodeMessage({
          ...message,
          response: true,
          answers: [{ name, class: 1, ttl: 60, type: 'A', address: '192.0.2.1' }],
        }),
      );
    });
  });
  const { port, close } = await listenOnLoopback(server);
  const client = createDnsClient({
    servers: [{ transport: 'https', host: '127.0.0.1', port, ca: certificate.cert, path: '/q' }],
    retry: { attempts: 1 },
  });
  closers.push(close, () => client.close());
  return { seen, answer: client.query('web.example', 'A') };
}

const message = { 'content-type': 'application/dns-message' };

test('a POST whose id is 0 (RFC 8484 section 4.1)', async () => {
  const { seen, answer } = await asked((response, bytes) => response.writeHead(200, message).end(bytes));
  expect(await answer).toMatchObject({ outcome: 'records', ttlSeconds: 60 });
  expect(seen).toEqual([{ method: 'POST', url: '/q', type: 'application/dns-message', id: 0 }]);
});

test('the age of an answer out of a cache is taken off its TTL', async () => {
  const old = await asked((response, bytes) => response.writeHead(200, { ...message, age: '25' }).end(bytes));
  expect(await old.answer).toMatchObject({ ttlSeconds: 35, records: [{ ttl: 35 }] });
  const older = await asked((response, bytes) => response.writeHead(200, { ...message, age: '99' }).end(bytes));
  expect(await older.answer).toMatchObject({ ttlSeconds: 0 });
});

test.each<[string, string, Reply]>([
  ['another status', 'network', (response) => response.writeHead(503).end('later')],
  ['another type', 'malformed', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')],
  ['nothing', 'malformed', (response) => response.writeHead(200, message).end()],
  ['too much', 'malformed', (response) => response.writeHead(200, message).end(Buffer.alloc(70_000))],
  [
    'an end too soon',
    'network',
    (response, bytes) => {
      response.writeHead(200, { ...message, 'content-length': '500' }).write(bytes, () => response.destroy());
    },
  ],
])('%s is a failure', async (_, dns, reply) => {
  const { answer } = await asked(reply);
  await expect(answer).rejects.toMatchObject({ code: 'UNAVAILABLE', details: { dns } });
});
