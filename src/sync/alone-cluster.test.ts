import { describe, expect, test } from 'vitest';
import { CatalogWorld, nodeRow } from '../testing/catalog-world.js';
import type { SyncHost } from './host.js';
import { aloneCluster, isLone, type AloneAgent } from './alone-cluster.js';
import { putDocument } from './step/documents.js';

const { catalog } = new CatalogWorld([
  nodeRow('n1', { id: 'id-1', origin: 'id-1' }),
  nodeRow('external', { origin: 'id-1' }),
  nodeRow('left-over', { origin: 'id-2' }),
]);

function alone(fields: Partial<AloneAgent> = {}) {
  return aloneCluster({
    origin: 'id-1',
    node: 'n1',
    address: '10.0.0.1',
    port: 8301,
    version: '0.1.0',
    catalog,
    indexSpace: () => 'space',
    ...fields,
  });
}

describe('an agent without a peer port', () => {
  test('knows its own datacenter and itself', () => {
    const cluster = alone();
    expect(cluster.catalogOf('dc1')).toBe(catalog);
    expect(cluster.catalogOf('dc2')).toBeUndefined();
    expect(cluster.datacenters()).toEqual(['dc1']);
    expect(cluster.members()).toMatchObject([{ node: 'n1', state: 'alive', isSelf: true, isHome: true }]);
    expect(cluster.contact()).toEqual({ known: true, lastContactMs: 0 });
  });

  test('owns what it accepted, and nothing else', () => {
    const owners = ['N1', 'external', 'left-over', 'unknown'].map((node) => alone().ownerOf(node)?.node);
    expect(owners).toEqual(['n1', 'n1', undefined, undefined]);
  });

  test('is its own home', async () => {
    const { home } = alone({ address: '::1' });
    expect([home.node, home.isSelf, home.leader()]).toEqual(['n1', true, '[::1]:8300']);
    expect(home.catalog()).toBe(catalog);
    await home.fresh();
  });

  test('joins nobody and forgets nobody', async () => {
    await expect(alone().join('10.0.0.2')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(alone().forceLeave('n2')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: "agent: No node found with name 'n2'",
    });
    await alone().forceLeave('n1');
    await alone().leave();
  });

  test('reports that there is nothing to report', () => {
    expect(alone().report()).toMatchObject({
      self: { origin: 'id-1', node: 'n1', datacenter: 'dc1', address: '10.0.0.1:8301' },
      peers: [],
      protectedMode: { active: false },
    });
  });
});

const host = (...ids: string[]): SyncHost =>
  ({
    commands: { nodeName: 'n1' },
    held: () => [{ target: { type: 'local' }, rows: [], documents: ids.map((id) => putDocument(id, {}).row) }],
  }) as unknown as SyncHost;

describe('whether an agent may go on alone', () => {
  test.each([
    ['nothing is known of others', host('own', 'departed'), '', true],
    ['it is the home', host(), 'N1', true],
    ['another one is the home', host(), 'n2', false],
    ['it knows another', host('own', 'member/id-2'), '', false],
    ['it knows another and is the home', host('member/id-2'), 'n1', false],
    ['it holds facts of others', host('stream/id-2'), '', false],
  ])('%s', (_, it, primaryNode, may) => {
    expect(isLone(it, primaryNode)).toBe(may);
  });
});
