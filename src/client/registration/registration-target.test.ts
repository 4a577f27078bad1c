import { afterAll, beforeAll, describe, test } from 'vitest';
import { loadConfig, startAgent, type Agent } from '../../agent/index.js';
import { ConsulClient } from '../../consul/index.js';
import { createRegistry } from '../../registry/index.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { MemoryRegistrationTarget } from '../../testing/memory-registration-target.js';
import { registrationTargetSuite } from '../../testing/registration-target-suite.js';
import { ConsulRegistrationTarget } from '../backends/consul/consul-registration-target.js';
import { RegistryRegistrationTarget } from '../backends/registry/registry-registration-target.js';

describe('in memory', () => {
  const suite = registrationTargetSuite(async () => ({
    target: new MemoryRegistrationTarget(new FakeClock()),
    close: async () => {},
  }));
  for (const { name, run } of suite) test(name, run);
});

describe('a registry in this process', () => {
  const suite = registrationTargetSuite(async () => {
    const registry = await createRegistry({ node: { name: 'n1', address: '10.0.0.1' } });
    return { target: new RegistryRegistrationTarget(registry), close: () => registry.close() };
  });
  for (const { name, run } of suite) test(name, run);
});

describe('an agent over HTTP', () => {
  let agent: Agent;
  let client: ConsulClient;
  beforeAll(async () => {
    const flags = { dev: true, logLevel: 'error', httpAddr: '127.0.0.1:0', dnsAddr: '127.0.0.1:0' } as const;
    const { config } = await loadConfig(flags, {});
    agent = await startAgent(config, { log: () => {} });
    client = new ConsulClient({ addresses: agent.addresses.http[0] });
  });
  afterAll(async () => {
    await client.close();
    await agent.close();
  });

  const suite = registrationTargetSuite(async () => {
    const target = new ConsulRegistrationTarget(client);
    const close = async (): Promise<void> => {
      for (const id of (await target.list()).keys()) await target.deregister(id);
    };
    return { target, close };
  });
  for (const { name, run } of suite) test(name, run);
});
