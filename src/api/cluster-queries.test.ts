import { beforeEach, describe, expect, test } from 'vitest';
import { CatalogWorld, nodeRow, queryRow, serviceRow } from '../testing/catalog-world.js';
import { FakeCluster, memberOf } from '../testing/fake-cluster.js';
import { seededRandom } from '../testing/seeded-random.js';
import { ClusterQueries } from './cluster-queries.js';

const ID = '11111111-2222-4333-8444-555555555555';
const query = (datacenters: readonly string[], nearestN = 0) => {
  const { service } = queryRow(ID);
  return queryRow(ID, { name: 'q', service: { ...service, failover: { nearestN, datacenters } } });
};
const site = (datacenter: string, instances: number) =>
  new CatalogWorld(
    Array.from({ length: instances }, (_, i) => [
      nodeRow(`${datacenter}-${i}`, { datacenter }),
      serviceRow(`${datacenter}-${i}`, 'web', { datacenter }),
    ]).flat(),
    datacenter,
  );

let own: CatalogWorld;
let cluster: FakeCluster;
let queries: ClusterQueries;

beforeEach(() => {
  own = new CatalogWorld();
  cluster = new FakeCluster(own.catalog);
  cluster.others.set('near', site('near', 0).catalog);
  cluster.others.set('far', site('far', 3).catalog);
  cluster.others.set('farther', site('farther', 1).catalog);
  for (const datacenter of cluster.others.keys()) cluster.known.push(memberOf(`agent-${datacenter}`, { datacenter }));
  queries = new ClusterQueries({ cluster, datacenter: 'dc1', nodeName: 'n1', random: seededRandom(1) });
});

const run = (options?: Parameters<ClusterQueries['executeQuery']>[1]) => {
  const { nodes, datacenter, failovers } = queries.executeQuery('q', options);
  return [nodes.length, datacenter, failovers];
};

describe('failover', () => {
  test('goes on to the nearest, then to those that are named, and counts', () => {
    own.put(query(['farther'], 1));
    expect(run()).toEqual([1, 'farther', 2]);
    own.put(query([], 2));
    expect(run()).toEqual([3, 'far', 2]);
    expect(run({ limit: 2 })).toEqual([2, 'far', 2]);
  });

  test('nobody anywhere', () => {
    own.put(query(['near', 'moon']));
    expect(run()).toEqual([0, 'near', 1]);
  });

  test('is not needed where there are instances', () => {
    own.put(query([], 3), nodeRow('n1'), serviceRow('n1', 'web'));
    expect(run()).toEqual([1, 'dc1', 0]);
  });

  test('tries a datacenter that fell silent last', () => {
    own.put(query([], 3));
    cluster.known = cluster.known.map((one) => (one.datacenter === 'far' ? { ...one, state: 'dead' as const } : one));
    expect(run()).toEqual([1, 'farther', 2]);
    cluster.others.delete('farther');
    expect(run()).toEqual([3, 'far', 2]);
  });
});

test('in a datacenter that is named', () => {
  own.put(query([]));
  expect(run({ datacenter: 'far' })).toEqual([3, 'far', 0]);
  expect(() => run({ datacenter: 'moon' })).toThrow('No path to datacenter');
});

test('what a query is, only the home says, whichever agent that is', () => {
  own.put(query([]));
  expect(queries.explainQuery('q').id).toBe(ID);
  const copy = new CatalogWorld();
  cluster.home.movesTo('n2', copy.catalog);
  expect(() => queries.explainQuery('q')).toThrow('Query not found');
  copy.put(queryRow(ID, { name: 'q', dnsTtl: '3s' }));
  expect(queries.explainQuery('q').dnsTtl).toBe('3s');
});
