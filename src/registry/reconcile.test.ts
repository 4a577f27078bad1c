import { describe, expect, test } from 'vitest';
import { startedRegistry } from '../testing/started-registry.js';

const MINUTE = 60_000;

describe('the full comparison', () => {
  test('runs by itself each minute and puts back what others removed or changed', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'web', Port: 80, Check: { TTL: '1h', Status: 'passing' } });
    await at.registry.deregisterCatalog({ Node: 'n1', ServiceID: 'web' });
    expect(at.catalog.hasService('web')).toBe(false);
    expect(at.registry.localServices().has('web')).toBe(true);
    await at.clock.advance(MINUTE);
    expect(at.catalog.serviceView('web').instances).toMatchObject([{ service: { port: 80 }, status: 'passing' }]);

    const changed = { Service: 'web', Port: 81, Tags: ['x'] };
    const check = { CheckID: 'service:web', Name: 'x', ServiceID: 'web', Status: 'critical' };
    await at.registry.registerCatalog({ Node: 'n1', SkipNodeUpdate: true, Service: changed, Check: check });
    await at.clock.advance(MINUTE);
    expect(at.catalog.serviceView('web').instances).toMatchObject([
      { service: { port: 80, tags: [] }, status: 'passing' },
    ]);
  });

  test('removes what nobody defined, not earlier', async () => {
    await using at = await startedRegistry();
    const check = { Name: 'stray', Status: 'passing' };
    await at.registry.registerCatalog({
      Node: 'n1',
      SkipNodeUpdate: true,
      Service: { Service: 'ghost' },
      Check: check,
    });
    await at.registry.registerService({ Name: 'web' });
    await at.clock.advance(MINUTE - 1);
    expect([at.catalog.hasService('ghost'), at.catalog.check('n1', 'stray')?.status]).toEqual([true, 'passing']);
    await at.clock.advance(1);
    expect([at.catalog.hasService('ghost'), at.catalog.check('n1', 'stray')]).toEqual([false, undefined]);
    expect(at.catalog.hasService('consul')).toBe(true);
    expect(at.catalog.check('n1', 'serfHealth')).toBeDefined();
  });

  test('commits nothing when all is as it should be', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'web', Tags: ['a'], Check: { TTL: '1h' } });
    await at.registry.setNodeMaintenance(true, 'x');
    const { index } = at.catalog;
    await at.clock.advance(5 * MINUTE);
    expect(at.catalog.index).toBe(index);
  });

  test('puts back tags, or adopts them where EnableTagOverride says so', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'own', Tags: ['a'] });
    const check = { TTL: '1h', Status: 'passing' };
    await at.registry.registerService({ Name: 'open', Tags: ['a'], EnableTagOverride: true, Check: check });
    for (const Service of ['own', 'open']) {
      const service = { Service, Tags: ['outside'], EnableTagOverride: Service === 'open' };
      await at.registry.registerCatalog({ Node: 'n1', SkipNodeUpdate: true, Service: service });
    }
    await at.registry.reconcile();
    expect(at.catalog.service('n1', 'own')?.tags).toEqual(['a']);
    expect(at.catalog.service('n1', 'open')?.tags).toEqual(['outside']);
    expect(at.registry.localServices().get('open')?.tags).toEqual(['outside']);
    expect(at.catalog.check('n1', 'service:open')?.serviceTags).toEqual(['outside']);
  });

  test('restores our own node, also with the next command', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'web', Check: { TTL: '1h', Status: 'passing' } });
    await at.registry.deregisterCatalog({ Node: 'n1' });
    expect(at.catalog.node('n1')).toBeUndefined();
    await at.registry.updateTtl('service:web', 'warning', '');
    expect(at.catalog.serviceView('web').instances).toMatchObject([
      { node: { address: '10.0.0.1' }, status: 'warning' },
    ]);

    await at.registry.deregisterCatalog({ Node: 'n1', CheckID: 'serfHealth' });
    await at.registry.registerCatalog({ Node: 'n1', Address: '9.9.9.9' });
    await at.clock.advance(MINUTE);
    expect([at.catalog.node('n1')?.address, at.catalog.check('n1', 'serfHealth')?.status]).toEqual([
      '10.0.0.1',
      'passing',
    ]);
  });

  test('covers very many services in slices', async () => {
    await using at = await startedRegistry();
    await at.registry.applyConfigDefinitions(
      Array.from({ length: 1200 }, (_, n) => ({ ID: `s${n}`, Name: 'many' })),
      [],
    );
    await at.registry.deregisterCatalog({ Node: 'n1' });
    await at.clock.advance(MINUTE + 1);
    expect(at.catalog.serviceView('many').instances).toHaveLength(1200);
  });
});
