/** Certificates, sockets of the file system, and files with secrets. */
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listenOnLoopback, testCertificate } from '../../testing/loopback-server.js';
import { temporaryDirectory } from '../../testing/store-tools.js';
import { ConsulClient, type ConsulClientOptions } from '../index.js';

const FIXTURES = join(import.meta.dirname, '../../../test/fixtures/tls');
const [CERT_FILE, KEY_FILE] = [join(FIXTURES, 'localhost.crt'), join(FIXTURES, 'localhost.key')];
const { cert, key } = testCertificate();

let directory: string;
const closers: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  const made = await temporaryDirectory();
  directory = made.path;
  closers.push(made.remove);
});
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const answer: RequestListener = (_, response) => void response.end('"leader"');

async function tlsServer(options: ServerOptions = {}): Promise<string> {
  const listening = await listenOnLoopback(
    createTlsServer({ cert, key, ...options }, (request, response) => {
      const { CN = 'nobody' } = (request.socket as TLSSocket).getPeerCertificate().subject ?? {};
      response.end(JSON.stringify(CN));
    }),
  );
  closers.push(() => listening.close());
  return listening.address;
}

async function leader(addresses: string, options: Omit<ConsulClientOptions, 'addresses'> = {}): Promise<string> {
  await using client = new ConsulClient({ addresses, ...options });
  return (await client.status.leader()).value;
}

test('a certificate that nobody vouches for is not trusted, and the error says what to do', async () => {
  await expect(leader(`https://${await tlsServer()}`)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('name its authority in CONSUL_CACERT'),
    details: { untrusted: true },
  });
});

test.each<[string, NonNullable<ConsulClientOptions['tls']>]>([
  ['an authority', { ca: cert }],
  ['a list of them', { ca: [Buffer.from(cert)] }],
  ['the file of one', { caFile: CERT_FILE }],
  ['verification off', { verify: false }],
])('with %s it is', async (_, tls) => {
  expect(await leader(`https://${await tlsServer()}`, { tls })).toBe('nobody');
  expect(await leader(await tlsServer(), { ssl: true, tls })).toBe('nobody');
});

test('with a directory of authorities', async () => {
  await writeFile(join(directory, 'a.pem'), cert);
  const env = { CONSUL_HTTP_ADDR: await tlsServer(), CONSUL_HTTP_SSL: '1', CONSUL_CAPATH: directory };
  await using client = ConsulClient.fromEnvironment(env);
  expect((await client.status.leader()).value).toBe('nobody');
});

test('the name of the certificate is the address’s, or the one given', async () => {
  const { port } = new URL(`https://${await tlsServer()}`);
  const local = `https://127.0.0.1:${port}`;
  expect(await leader(local, { tls: { ca: cert, serverName: 'api.example' } })).toBe('nobody');
  await expect(leader(local, { tls: { ca: cert, serverName: 'other.example' } })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    details: { untrusted: true },
  });
});

test('our own certificate', async () => {
  const address = `https://${await tlsServer({ ca: cert, requestCert: true, rejectUnauthorized: true })}`;
  const ca = cert;
  await expect(leader(address, { tls: { ca } })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  const named = await leader(address, { tls: { ca, cert, key } });
  expect(named).not.toBe('nobody');
  expect(await leader(address, { tls: { ca, certFile: CERT_FILE, keyFile: KEY_FILE } })).toBe(named);
});

test('a unix socket', async () => {
  const socketPath = join(directory, 'agent.sock');
  const server = createServer(answer);
  await new Promise<void>((resolve) => void server.listen(socketPath, resolve));
  closers.push(() => new Promise((resolve) => void server.close(resolve)));
  expect(await leader(`unix://${socketPath}`)).toBe('leader');
  await expect(leader(`unix://${socketPath}.none`)).rejects.toThrow(/no such socket/);
  expect(await leader(`unix://${socketPath}.none,unix://${socketPath}`)).toBe('leader');
});

test('a token from a file, basic authentication, and a namespace', async () => {
  const seen: (string | undefined)[] = [];
  const listening = await listenOnLoopback(
    createServer((request, response) => {
      seen.push(String(request.headers['x-consul-token']), request.headers.authorization, request.url);
      response.end('"leader"');
    }),
  );
  closers.push(() => listening.close());
  const tokenFile = join(directory, 'token');
  await writeFile(tokenFile, 's3cret\n');
  await using client = ConsulClient.fromEnvironment({
    CONSUL_HTTP_ADDR: listening.address,
    CONSUL_HTTP_TOKEN: 'not this one',
    CONSUL_HTTP_TOKEN_FILE: tokenFile,
    CONSUL_HTTP_AUTH: 'me:secret',
    CONSUL_NAMESPACE: 'team a',
  });
  await client.status.leader();
  await client.status.leader({ token: 'other' });
  const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`;
  const url = '/v1/status/leader?ns=team%20a';
  expect(seen).toEqual(['s3cret', basic, url, 'other', basic, url]);
});

test('no token is sent where none is set, and an empty one given is none', async () => {
  const seen: unknown[] = [];
  const listening = await listenOnLoopback(
    createServer((request, response) => {
      seen.push(request.headers['x-consul-token']);
      response.end('"leader"');
    }),
  );
  closers.push(() => listening.close());
  await leader(listening.address);
  await leader(listening.address, { token: '' });
  expect(seen).toEqual([undefined, undefined]);
});
