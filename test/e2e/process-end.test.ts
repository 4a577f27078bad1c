/** What keeps a process alive: what somebody waits for, and nothing else. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { ServiceDiscoveryManager } from '../../src/client/index.js';
import { httpInstance } from '../../src/testing/http-instance.js';
import { useAgents } from '../support/use-agents.js';

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);
const agents = useAgents();

/** What it prints. It must end by itself. */
async function program(text: string, agentOrigin: string): Promise<string> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', text], {
    cwd: ROOT,
    env: { ...process.env, CONSUL_HTTP_ADDR: agentOrigin },
    timeout: 15_000,
  });
  return stdout;
}

test.each([
  [
    'one that picked, with the service watched from then on',
    `import { ServiceDiscoveryManager } from '@datapunk/discovery';
     console.log((await new ServiceDiscoveryManager().pick('consul')).endpoint.service);`,
  ],
  [
    'one that holds a choice and listens to configuration',
    `import { ServiceDiscoveryManager } from '@datapunk/discovery';
     const manager = new ServiceDiscoveryManager();
     manager.on('config_update', () => {}, { prefix: 'app/' });
     console.log((await manager.resolution('consul').ready()).endpoints[0].service);`,
  ],
])('%s, ends with nothing closed', async (_what, text) => {
  const agent = await agents.start();
  expect(await program(text, agent.origin)).toBe('consul\n');
});

test('one that fetched by name ends with nothing closed', async () => {
  const agent = await agents.start();
  await using instance = await httpInstance();
  await using manager = new ServiceDiscoveryManager({ addresses: [agent.origin], environment: {} });
  await manager.registerService('orders', { address: '127.0.0.1', port: instance.port });
  const { stdout } = await run(
    process.execPath,
    [join(ROOT, 'test/fixtures/fetch-once.mjs'), 'http://orders.service/'],
    {
      env: { ...process.env, CONSUL_HTTP_ADDR: agent.origin },
      timeout: 15_000,
    },
  );
  expect(stdout).toBe(`${instance.port}\n`);
});

test.each([
  [
    'a watch',
    `import { ServiceDiscoveryManager } from '@datapunk/discovery';
     for await (const { endpoints } of new ServiceDiscoveryManager().watchService('late')) {
       console.log(endpoints.length);
       if (endpoints.length > 0) process.exit();
     }`,
  ],
  [
    'a read that the agent holds',
    `import { ConsulClient } from '@datapunk/discovery/consul';
     const client = new ConsulClient({ addresses: process.env.CONSUL_HTTP_ADDR });
     const first = await client.health.service('late');
     console.log(first.value.length);
     const next = await client.health.service('late', { index: first.index, waitMs: 10_000 });
     console.log(next.value.length);
     process.exit();`,
  ],
])('%s that is waited for keeps the process alive', async (_what, text) => {
  const agent = await agents.start();
  await using manager = new ServiceDiscoveryManager({ addresses: [agent.origin], environment: {} });
  const printed = program(text, agent.origin);
  await new Promise((resolve) => void setTimeout(resolve, 1_500));
  await manager.registerService('late', { address: '127.0.0.1', port: 1 });
  expect(await printed).toBe('0\n1\n');
});
