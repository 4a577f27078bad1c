import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig, startAgent, type Agent } from '../agent/index.js';
import { ConsulClient } from './index.js';

let agent: Agent;
let client: ConsulClient;

beforeAll(async () => {
  const { config } = await loadConfig(
    { dev: true, logLevel: 'error', httpAddr: '127.0.0.1:0', dnsAddr: '127.0.0.1:0' },
    {},
  );
  agent = await startAgent(config, { log: () => {} });
  client = new ConsulClient({ addresses: agent.addresses.http[0] });
});
afterAll(async () => {
  await client.close();
  await agent.close();
});

test('an instance is registered, found, waited for and gone', async () => {
  await client.agent.register({ Name: 'api', Port: 80, Tags: ['v1'] });
  const found = await client.health.service('api', { tags: ['V1'], passing: true });
  expect(found.value.map(({ Service }) => [Service.ID, Service.Port])).toEqual([['api', 80]]);
  expect(found.indexSpace).toMatch(/^[0-9a-f-]{36}$/);
  const waiting = client.health.service('api', { index: found.index, indexFrom: found.address, waitMs: 5_000 });
  await client.agent.deregister('api');
  expect((await waiting).value).toEqual([]);
});
