import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { AgentProcess } from '../support/agent.js';
import { http, httpJson } from '../support/http.js';
import { useAgents } from '../support/use-agents.js';

const agents = useAgents();
const base = { datacenter: 'dc1', node_name: 'here', log_level: 'warn' };
const names = async (agent: AgentProcess): Promise<string[]> =>
  Object.keys(await httpJson<object>(agent.origin, 'GET /v1/catalog/services')).toSorted();
const checks = async (agent: AgentProcess): Promise<string[]> =>
  Object.keys(await httpJson<object>(agent.origin, 'GET /v1/agent/checks')).toSorted();

async function reload(agent: AgentProcess, config: object | string): Promise<void> {
  writeFileSync(agent.configFile as string, typeof config === 'string' ? config : JSON.stringify(config));
  agent.signal('SIGHUP');
}

test('SIGHUP takes over services, checks and log level, and leaves alone what came through the API', async () => {
  const agent = await agents.start({
    logLevel: 'config',
    config: {
      ...base,
      services: [
        { name: 'one', port: 1, check: { ttl: '1h' } },
        { name: 'two', port: 2 },
      ],
    },
  });
  await httpJson(agent.origin, 'PUT /v1/agent/service/register', { Name: 'api', Port: 3 });
  expect(await names(agent)).toEqual(['api', 'consul', 'one', 'two']);
  expect(await checks(agent)).toEqual(['service:one']);
  await reload(agent, {
    ...base,
    log_level: 'debug',
    services: [{ name: 'two', port: 22, tags: ['new'] }],
    check: { id: 'own', name: 'own', ttl: '1h' },
  });
  await expect.poll(() => names(agent), { timeout: 3_000 }).toEqual(['api', 'consul', 'two']);
  expect(await checks(agent)).toEqual(['own']);
  const [two] = await httpJson<{ ServicePort: number; ServiceTags: string[] }[]>(
    agent.origin,
    'GET /v1/catalog/service/two',
  );
  expect([two?.ServicePort, two?.ServiceTags]).toEqual([22, ['new']]);
  await expect.poll(() => agent.log()).toContain('config.reloaded');
});

test('SIGHUP with a broken file changes nothing, is complained about, and a good one works again', async () => {
  const agent = await agents.start({ logLevel: 'config', config: { ...base, service: { name: 'one', port: 1 } } });
  const broken = ['{ "services": [', { ...base, service: { name: 'x', check: { tcp: 'x:1' } } }, { sevice: {} }];
  for (const [i, config] of broken.entries()) {
    await reload(agent, config);
    await expect.poll(() => agent.log().split('config.reload_failed').length - 1, { timeout: 3_000 }).toBe(i + 1);
    expect(await names(agent)).toEqual(['consul', 'one']);
  }
  await reload(agent, { ...base, service: { name: 'two', port: 1 } });
  await expect.poll(() => names(agent), { timeout: 3_000 }).toEqual(['consul', 'two']);
  expect((await http(agent.origin, 'PUT /v1/agent/reload')).status).toBe(200);
  expect(await names(agent)).toEqual(['consul', 'two']);
  for (let i = 0; i < 50; i++) agent.signal('SIGHUP');
  expect(await names(agent)).toEqual(['consul', 'two']);
  expect(await agent.stop()).toEqual({ code: 0, signal: null });
});
