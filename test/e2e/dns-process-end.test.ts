/** What of discovery over DNS keeps a process alive: what somebody waits for, and nothing else. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { putInstances } from '../support/put-instances.js';
import { RegistryDns } from '../support/registry-dns.js';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);

/** What it prints. It must end by itself. */
async function program(text: string, address: string): Promise<string> {
  const whole = `import { DnsServiceDiscovery } from '@datapunk/discovery/dns';
    const discovery = new DnsServiceDiscovery({ dnsServers: ['${address}'], healthCheck: { intervalMs: 200 } });
    ${text}`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', whole], { cwd: ROOT, timeout: 15_000 });
  return stdout;
}

test.each([
  [
    'that discovered, with health tracked from then on, ends with nothing closed',
    `console.log((await discovery.discoverService('api')).length);`,
  ],
  [
    'that waits for the next set of a watch goes on until it is there, and ends when it is left',
    `let seen = 0;
     for await (const { endpoints } of discovery.watchService('api', { interval: 0.2 })) {
       seen += 1;
       if (endpoints[0].lastCheck !== undefined || endpoints[0].status === 'critical') break;
     }
     console.log(Math.min(seen, 1));`,
  ],
  [
    'that is called back goes on until its signal aborts',
    `const controller = new AbortController();
     let calls = 0;
     await discovery.watchService('api', () => { calls += 1; setTimeout(() => controller.abort(), 1_500).unref(); }, { signal: controller.signal });
     console.log(Math.min(calls, 1));`,
  ],
])('one %s', async (_what, text) => {
  await using dns = await RegistryDns.start();
  // Nobody listens there, so health tracking will tell a watch.
  await putInstances(dns.registry, 'api', [{ id: 'a', address: '127.0.0.1', port: 1 }]);
  expect(await program(text, dns.address)).toBe('1\n');
});
