import { expect, test } from 'vitest';
import { openMemoryStore } from '../store/index.js';
import { startedRegistry, TEST_NODE } from '../testing/started-registry.js';

const ticks = (wallMs: number): number => wallMs * 2_048;

test('what is registered here is stamped with the time of saying it, anew when it changes and not when it is repeated', async () => {
  await using at = await startedRegistry();
  await at.registry.registerService({ Name: 'web', Check: { TTL: '1h' } });
  await at.registry.registerCatalog({ Node: 'far', Address: '1.1.1.1', Service: { Service: 'db' } });
  const web = at.catalog.service('n1', 'web')?.hlc ?? 0;
  const far = at.catalog.node('far')?.hlc ?? 0;
  expect(web).toBeGreaterThan(at.catalog.node('n1')?.hlc ?? 0);
  expect(web).toBeGreaterThanOrEqual(ticks(at.clock.wall()));
  expect([far > web, at.catalog.service('far', 'db')?.hlc]).toEqual([true, far]);

  await at.clock.advance(1_000);
  await at.registry.registerService({ Name: 'web', Check: { TTL: '1h' } });
  await at.registry.updateTtl('service:web', 'passing', '');
  expect(at.catalog.service('n1', 'web')?.hlc).toBe(web);
  await at.registry.registerService({ Name: 'web', Port: 1 });
  expect(at.catalog.service('n1', 'web')?.hlc).toBe(ticks(at.clock.wall()));
  expect(at.catalog.check('n1', 'service:web')).not.toHaveProperty('hlc');
});

test('what is said after a restart is later than all before, though the clock was set back', async () => {
  await using first = await startedRegistry();
  await first.clock.advance(300_000);
  await first.registry.registerCatalog({ Node: 'far', Address: '1.1.1.1' });
  const { rows } = first.registry.snapshot();
  const before = first.catalog.node('far')?.hlc ?? 0;

  await using again = await startedRegistry({ store: openMemoryStore({ snapshot: { index: 100, rows } }) });
  expect(again.clock.wall()).toBeLessThan(first.clock.wall());
  await again.registry.registerCatalog({ Node: 'far', Address: '2.2.2.2' });
  expect(again.catalog.node('far')).toMatchObject({ hlc: before + 1, origin: TEST_NODE.id });
});
