import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { startAgent } from '../support/agent.js';

const TLS = join(import.meta.dirname, '../fixtures/tls');
const run = promisify(execFile);
/** 9.18 is the first one that knows +tls and +https. */
const hasDig = spawnSync('dig', ['-h'], { encoding: 'utf8' }).stdout?.includes('+[no]https') ?? false;

test('dig is here where it must be', () => {
  if (process.env['CI'] === 'true')
    expect(hasDig, 'no dig with +https is installed: run scripts/test-setup').toBe(true);
});

describe.skipIf(!hasDig)(hasDig ? 'an agent with a certificate' : 'dig with +https is not installed', () => {
  test('answers DNS over TLS and over HTTPS', async () => {
    await using agent = await startAgent({
      flags: ['--node', 'one'],
      config: {
        ports: { dns_tls: 0, dns_https: 0 },
        tls: { defaults: { cert_file: join(TLS, 'localhost.crt'), key_file: join(TLS, 'localhost.key') } },
      },
    });
    const dig = async (server: string, option: string): Promise<string> => {
      const port = agent.addresses.get(server)?.[0]?.split(':')[1] ?? '';
      const { stdout } = await run('dig', ['@127.0.0.1', '-p', port, option, '+short', '+tries=1', 'one.node.consul']);
      return stdout.trim();
    };
    expect(await dig('DNS over TLS', '+tls')).toBe('127.0.0.1');
    expect(await dig('DNS over HTTPS', '+https')).toBe('127.0.0.1');
    expect(await dig('DNS over HTTPS', '+https-get')).toBe('127.0.0.1');
  });
});
