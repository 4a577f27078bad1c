import { describe, expect, test } from 'vitest';
import { putInstances } from '../../../../test/support/put-instances.js';
import { createRegistry } from '../../../registry/index.js';
import { resolverSuite } from '../../../testing/resolver-suite.js';
import type { SuiteInstance } from '../../../testing/resolver-suite.js';
import { startedRegistry } from '../../../testing/started-registry.js';
import { RegistryResolver } from './registry-resolver.js';

const open = async () => {
  const registry = await createRegistry({ node: { name: 'n1' } });
  return {
    resolver: new RegistryResolver(registry),
    datacenter: 'dc1',
    put: (service: string, instances: readonly SuiteInstance[]) => putInstances(registry, service, instances),
    close: () => registry.close(),
  };
};

describe('a registry in this process is a resolver:', () => {
  for (const { name, run } of resolverSuite(open)) test(name, run);
});

test('says when the checks it runs were last heard of, and nothing for those of others', async () => {
  await using at = await startedRegistry();
  const resolver = new RegistryResolver(at.registry);
  await at.registry.registerService({ Name: 'api', Port: 1, Check: { TTL: '1h', Status: 'passing' } });
  await at.registry.registerCatalog({
    Node: 'far',
    Address: '10.0.0.7',
    Service: { Service: 'api', Port: 2 },
    Check: { CheckID: 'service:api', ServiceID: 'api', Name: 'x', Status: 'passing' },
  });
  const checked = async (): Promise<(Date | undefined)[]> => {
    const { endpoints } = await resolver.lookup({ service: 'api', onlyPassing: true });
    return endpoints.toSorted((a, b) => a.port - b.port).map(({ lastCheck }) => lastCheck);
  };
  expect(await checked()).toEqual([undefined, undefined]);
  await at.registry.updateTtl('service:api', 'passing', 'ok');
  await at.clock.advance(5_000);
  expect(await checked()).toEqual([new Date(at.clock.wall() - 5_000), undefined]);
});

test('another datacenter is refused', async () => {
  await using at = await startedRegistry();
  const resolver = new RegistryResolver(at.registry);
  const asked = resolver.lookup({ service: 'api', onlyPassing: true, datacenter: 'dc2' });
  await expect(asked).rejects.toMatchObject({ code: 'UNSUPPORTED' });
});
