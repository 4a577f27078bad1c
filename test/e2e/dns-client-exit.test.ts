/** A program that asks DNS ends by itself: what it waits for keeps it alive, what is merely open does not. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDnsServer } from '../../src/dns/index.js';
import { createMisbehavingDns } from '../../src/testing/misbehaving-dns.js';
import { catalogOf, nodeRow, queriesOver } from '../support/dns-catalog.js';

const fixture = (file: string): string => join(import.meta.dirname, '../fixtures/tls', file);
const catalog = catalogOf([nodeRow('a', '10.0.0.1')]);
const server = createDnsServer({
  catalog,
  queries: queriesOver(catalog, {}),
  tls: { cert: readFileSync(fixture('localhost.crt')), key: readFileSync(fixture('localhost.key')) },
});
const ports = { udp: 0, tcp: 0, tls: 0, https: 0 };
beforeAll(async () => {
  ports.udp = ports.tcp = (await server.listen({ host: '127.0.0.1', port: 0 })).port;
  ports.tls = (await server.listenTls({ host: '127.0.0.1', port: 0 })).port;
  ports.https = (await server.listenHttps({ host: '127.0.0.1', port: 0 })).port;
});
afterAll(() => server.close());

/** Runs a program that never closes its client; its output, once it has ended by itself. */
function run(lines: readonly string[]): Promise<string> {
  const entry = join(import.meta.dirname, '../../dist/dns/client/index.js');
  const program = [`import { createDnsClient } from ${JSON.stringify(entry)};`, ...lines].join('\n');
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      ['--input-type=module', '-e', program],
      // Less than an idle connection is kept: one that held the process would show.
      { timeout: 8_000, env: { ...process.env, NODE_EXTRA_CA_CERTS: fixture('localhost.crt') } },
      (error, stdout, stderr) => (error ? reject(new Error(`${error.message}\n${stderr}`)) : resolve(stdout)),
    );
  });
}

test.each(['udp', 'tcp', 'tls', 'https'] as const)('over %s', async (transport) => {
  const out = await run([
    `const client = createDnsClient({ servers: ['${transport}://127.0.0.1:${ports[transport]}'] });`,
    `const { records } = await client.query('a.node.consul', 'A');`,
    `console.log(records[0].address);`,
  ]);
  expect(out).toBe('10.0.0.1\n');
});

test('it waits for answers that are late, and for the next round', async () => {
  let asked = 0;
  await using late = await createMisbehavingDns({
    records: ['web.example 60 A 192.0.2.1'],
    behaviour: () => (++asked < 3 ? { rcode: 2 } : { delayMs: 300 }),
  });
  const out = await run([
    `const client = createDnsClient({ servers: ['${late.address}'] });`,
    `console.log((await client.query('web.example', 'A')).records[0].address);`,
  ]);
  expect(out).toBe('192.0.2.1\n');
  expect(asked).toBeGreaterThanOrEqual(3);
});

test('one signal for many questions brings no warning', async () => {
  const out = await run([
    `process.on('warning', (warning) => console.log(warning.message));`,
    `const client = createDnsClient({ servers: ['127.0.0.1:${ports.udp}'] });`,
    `const { signal } = new AbortController();`,
    `await Promise.all(Array.from({ length: 50 }, () => client.query('a.node.consul', 'A', { signal })));`,
    `console.log('done');`,
  ]);
  expect(out).toBe('done\n');
});
