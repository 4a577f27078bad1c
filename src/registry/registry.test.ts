import { afterEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../testing/fake-clock.js';
import { seededRandom } from '../testing/seeded-random.js';
import type { Registry, RegistryOptions } from './index.js';
import { createRegistry } from './index.js';

const open: Registry[] = [];

afterEach(async () => {
  for (const registry of open.splice(0)) await registry.close();
});

async function started(options: RegistryOptions = {}) {
  const clock = new FakeClock();
  const registry = await createRegistry({
    clock,
    random: seededRandom(1),
    node: { name: 'n1', id: '11111111-1111-1111-1111-111111111111', address: '10.0.0.1' },
    ...options,
  });
  open.push(registry);
  return { clock, registry, catalog: registry.catalog };
}

describe('a registry', () => {
  test('shows its own node, the consul service and serfHealth from the start', async () => {
    const { catalog } = await started();
    expect(catalog.ready).toBe(true);
    expect(catalog.node('N1')).toMatchObject({
      id: '11111111-1111-1111-1111-111111111111',
      address: '10.0.0.1',
      taggedAddresses: { lan: '10.0.0.1', lan_ipv4: '10.0.0.1', wan: '10.0.0.1', wan_ipv4: '10.0.0.1' },
      meta: { 'consul-network-segment': '', 'consul-version': '1.21.4' },
    });
    expect(catalog.serviceView('consul').instances).toHaveLength(1);
    expect(catalog.check('n1', 'serfHealth')).toMatchObject({ status: 'passing', output: 'Agent alive and reachable' });
  });

  test('answers a registration once the catalog shows it', async () => {
    const { registry, catalog } = await started();
    await registry.registerService({ Name: 'web', Port: 80, Check: { TTL: '10s' } });
    expect(catalog.serviceView('web').instances).toMatchObject([
      {
        service: { id: 'web', port: 80 },
        checks: [{ checkId: 'service:web', status: 'critical' }, { checkId: 'serfHealth' }],
      },
    ]);
    await registry.deregisterService('web');
    expect(catalog.serviceView('web').instances).toEqual([]);
    expect(registry.localChecks().size).toBe(0);
  });
});
