/** The HTTP API with a certificate. */
import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { Agent as Dispatcher } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { datapunk, hostPort, startAgent, type AgentProcess } from '../support/agent.js';
import { http } from '../support/http.js';
import { connection, exchange } from '../support/raw.js';

const TLS = join(import.meta.dirname, '../fixtures/tls');
const CERTIFICATE = join(TLS, 'localhost.crt');
const ca = readFileSync(CERTIFICATE, 'utf8');
const trusting = new Dispatcher({ connect: { ca } });
const run = promisify(execFile);

let agent: AgentProcess;
let https: string;

beforeAll(async () => {
  agent = await startAgent({
    http: 'config',
    config: {
      addresses: { https: '127.0.0.1 ::1' },
      ports: { http: -1, https: 0 },
      tls: { https: { cert_file: CERTIFICATE, key_file: join(TLS, 'localhost.key'), tls_min_version: 'TLSv1_3' } },
    },
  });
  https = `https://${agent.addresses.get('HTTPS')?.[0]}`;
});
afterAll(async () => {
  await trusting.close();
  expect(await agent.stop()).toEqual({ code: 0, signal: null });
  expect(agent.log()).toBe('');
});

async function connections(): Promise<number> {
  const { text } = await http(https, 'GET /metrics', undefined, { dispatcher: trusting });
  return Number(/^discovery_http_connections (\d+)$/m.exec(text)?.[1]);
}

test('is there alone when the plain one is switched off', () => {
  expect([...agent.addresses.keys()]).toEqual(['HTTPS', 'DNS']);
  expect(agent.addresses.get('HTTPS')?.map((address) => hostPort(address).host)).toEqual(['127.0.0.1', '::1']);
});

test.each([0, 1])('is served to who trusts the certificate, over address %i', async (which) => {
  const origin = `https://${agent.addresses.get('HTTPS')?.[which]}`;
  expect((await http(origin, 'PUT /v1/kv/a', 'x', { dispatcher: trusting })).status).toBe(200);
  const { headers } = await http(origin, 'GET /v1/kv/a', undefined, { dispatcher: trusting });
  const blocked = http(origin, `GET /v1/kv/a?index=${String(headers['x-consul-index'])}&wait=1m`, undefined, {
    dispatcher: trusting,
  });
  await http(origin, 'PUT /v1/kv/a', `y${which}`, { dispatcher: trusting });
  expect((await blocked).text).toContain(Buffer.from(`y${which}`).toString('base64'));
  const page = { Origin: origin, 'Sec-Fetch-Site': 'same-origin' };
  expect((await http(origin, 'PUT /v1/kv/a', 'x', { dispatcher: trusting, headers: page })).status).toBe(200);
  await expect(http(origin, 'GET /livez')).rejects.toThrow(/self-signed|certificate/);
});

test('the command line uses it, with the variables Consul has for that', async () => {
  const env = { CONSUL_HTTP_ADDR: https };
  const distrusted = await datapunk(['kv', 'get', 'a'], { env });
  expect(distrusted.code).not.toBe(0);
  expect(distrusted.stderr).toMatch(/certificate/i);
  const trusted = { ...env, CONSUL_CACERT: CERTIFICATE };
  expect(await datapunk(['kv', 'put', 'cli', 'v'], { env: trusted })).toMatchObject({ code: 0, stderr: '' });
  expect(await datapunk(['kv', 'get', 'cli'], { env: trusted })).toMatchObject({ code: 0, stdout: 'v' });
  const unverified = { ...env, CONSUL_HTTP_SSL_VERIFY: 'false' };
  expect(await datapunk(['kv', 'get', 'cli'], { env: unverified })).toMatchObject({ code: 0, stdout: 'v' });
});

const hasCurl = spawnSync('curl', ['--version']).error === undefined;
test.skipIf(!hasCurl)(hasCurl ? 'curl is content' : 'curl is not installed', async () => {
  const { stdout } = await run('curl', ['-s', '--cacert', CERTIFICATE, `${https}/v1/status/leader`]);
  expect(stdout).toBe('"127.0.0.1:8300"');
});

describe('what is no handshake', () => {
  test('is closed, now or when its time is up, and others are served', async () => {
    const hello = Buffer.from('1603010005010000ff', 'hex');
    const kinds = ['GET /livez HTTP/1.1\r\nHost: x\r\n\r\n', 'x'.repeat(100_000), hello, ''];
    const plain = https.replace('https:', 'http:');
    const sent = Array.from({ length: 10 }, () => kinds).flat();
    const closed = Promise.all(sent.map((bytes) => exchange(plain, bytes, undefined, 15_000)));
    expect((await http(https, 'GET /livez', undefined, { dispatcher: trusting })).status).toBe(200);
    for (const answer of await closed) expect([answer.closed, answer.text.includes('200 OK')]).toEqual([true, false]);
    await expect.poll(connections).toBeLessThan(20);
  }, 20_000);

  test('does not hold up the end', async () => {
    const config = {
      ports: { https: 0 },
      tls: { https: { cert_file: CERTIFICATE, key_file: join(TLS, 'localhost.key') } },
    };
    await using other = await startAgent({ config });
    const origin = `http://${other.addresses.get('HTTPS')?.[0]}`;
    const sockets = await Promise.all(Array.from({ length: 10 }, () => connection(origin)));
    const began = performance.now();
    expect(await other.stop()).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(4_000);
    expect(other.log()).toBe('');
    for (const socket of sockets) socket.destroy();
  });

  test('an older version of TLS than asked for is refused', async () => {
    const { host, port } = hostPort(agent.addresses.get('HTTPS')?.[0] ?? '');
    const failed = await new Promise<string>((resolve) => {
      const socket = connectTls({ host, port, ca, maxVersion: 'TLSv1.2' }, () => resolve(socket.getProtocol() ?? ''));
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    });
    expect(failed).toMatch(/^E|ERR_SSL/);
  });
});
