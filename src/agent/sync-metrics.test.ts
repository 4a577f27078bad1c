import { expect, test } from 'vitest';
import { CatalogWorld } from '../testing/catalog-world.js';
import { FakeCluster, memberOf } from '../testing/fake-cluster.js';
import { syncMetrics } from './sync-metrics.js';

const cluster = new FakeCluster(new CatalogWorld().catalog);
cluster.known.push(memberOf('n2', { state: 'suspect' }));
cluster.conflicts = [{ node: 'a', id: 'b', winner: 'n1', loser: 'n2', reason: '' }];
const stream = {
  origin: 'origin-n2',
  node: 'n2',
  kind: 'catalog',
  incarnation: 1,
  version: 9,
  lagVersions: 4,
  lagMs: 1_500,
  records: 5,
  tombstones: 2,
  oldestTombstoneMs: 61_000,
} as const;
cluster.parts = {
  streams: [stream, { ...stream, node: 'n1', lagVersions: 0, lagMs: 0, tombstones: 1, oldestTombstoneMs: 70_000 }],
  peers: [
    {
      origin: 'origin-n2',
      node: 'n2',
      datacenter: 'dc1',
      address: '10.0.0.2:8301',
      state: 'connected',
      rttMs: 2,
      sentBytes: 1,
      receivedBytes: 2,
      queuedBytes: 3,
      droppedFrames: 4,
      compression: 'off',
      encrypted: false,
    },
  ],
  protectedMode: { active: true, reason: '', sinceMs: 1 },
  localHealth: 2,
  eventLoopLagMs: 250,
  counters: {
    sentBytes: 10,
    pullsSent: 3,
    resetsBehind: 1,
    resetsCorrupt: 2,
    deathsHard: 1,
    deathsSilence: 0,
    refutes: 7,
    withheldDeaths: 2,
  },
};

const all = [...syncMetrics(cluster)];

test.each([
  ['discovery_sync_members', { state: 'alive' }, 1],
  ['discovery_sync_members', { state: 'suspect' }, 1],
  ['discovery_sync_is_home', undefined, 1],
  ['discovery_sync_has_home', undefined, 1],
  ['discovery_sync_lag_versions', { node: 'n2', origin: 'origin-n2', kind: 'catalog' }, 4],
  ['discovery_sync_lag_seconds', { node: 'n2', origin: 'origin-n2', kind: 'catalog' }, 1.5],
  ['discovery_sync_records', { node: 'n1', origin: 'origin-n2', kind: 'catalog' }, 5],
  ['discovery_sync_tombstones', undefined, 3],
  ['discovery_sync_oldest_tombstone_seconds', undefined, 70],
  ['discovery_sync_peers', { state: 'connected' }, 1],
  ['discovery_sync_queued_bytes', { node: 'n2', datacenter: 'dc1' }, 3],
  ['discovery_sync_round_trip_seconds', { node: 'n2', datacenter: 'dc1' }, 0.002],
  ['discovery_sync_shadowed', undefined, 1],
  ['discovery_sync_protected_mode', undefined, 1],
  ['discovery_sync_local_health', undefined, 2],
  ['discovery_sync_event_loop_lag_seconds', undefined, 0.25],
  ['discovery_sync_sent_bytes_total', undefined, 10],
  ['discovery_sync_pulls_sent_total', undefined, 3],
  ['discovery_sync_resets_total', { reason: 'behind' }, 1],
  ['discovery_sync_resets_total', { reason: 'corrupt' }, 2],
  ['discovery_sync_deaths_total', { evidence: 'silence' }, 0],
  ['discovery_sync_refutes_total', undefined, 7],
  ['discovery_sync_withheld_deaths', undefined, 2],
])('%s %j', (name, labels, value) => {
  const found = all.filter(
    (metric) => metric.name === name && JSON.stringify(metric.labels) === JSON.stringify(labels),
  );
  expect(found.map((metric) => metric.value)).toEqual([value]);
});

test('every name says its unit, and is of one type with one set of labels', () => {
  const kinds = new Map(
    all.map(({ name, type, labels = {} }) => [`${name} ${type} ${Object.keys(labels).join()}`, name]),
  );
  expect(new Set(kinds.values()).size).toBe(kinds.size);
  for (const { name, type } of all) expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
});
