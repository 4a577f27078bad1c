import { beforeEach, expect, test } from 'vitest';
import type { CatalogView } from '../../model/index.js';
import { CatalogWorld, nodeRow } from '../../testing/catalog-world.js';
import { memberInfo, MemberWorld } from '../../testing/member-world.js';
import type { SyncHost } from '../host.js';
import type { MergeTarget } from '../step/types.js';
import { Catalogs } from './catalogs.js';

const own = new CatalogWorld().catalog;
let members: MemberWorld;
let copies: Map<string, CatalogView>;
let home: CatalogView;
let replaced: number;
let catalogs: Catalogs;
beforeEach(() => {
  members = new MemberWorld();
  copies = new Map();
  home = own;
  replaced = 0;
  const host = {
    catalog: own,
    indexSpace: 'space-own',
    held: () => [{ target: { type: 'local' } }, { target: dc('kept') }],
    copyOf: (target: MergeTarget) => {
      const catalog = target.type === 'datacenter' ? copies.get(target.datacenter) : undefined;
      return catalog && { catalog, indexSpace: 'space-copy' };
    },
  } as unknown as SyncHost;
  catalogs = new Catalogs({ host, members: members.part, home: { catalog: () => home } });
  catalogs.onReplaced(() => replaced++);
});

const dc = (datacenter: string) => ({ type: 'datacenter', datacenter }) as const;
const some = (): CatalogView => new CatalogWorld([nodeRow('n')]).catalog;

test('ours, and copies of others once there are any', () => {
  copies.set('dc2', some());
  expect(catalogs.of('dc1')).toBe(own);
  expect(catalogs.of('dc2')).toBe(copies.get('dc2'));
  expect(catalogs.of('dc3')).toBeUndefined();
  expect(['dc1', 'dc2', 'dc3'].map((name) => catalogs.indexSpaceOf(name))).toEqual(['space-own', 'space-copy', '']);
});

test('datacenters: ours, then the nearest, then by name; those that were known before and are still spoken of', () => {
  const add = (origin: string, datacenter: string, rttMs?: number, isConnected = true): void =>
    members.add(origin, { rttMs, isConnected }, memberInfo(origin, { datacenter }));
  add('b', 'far', 90);
  add('c', 'near', 20);
  add('d', 'far', 10, false);
  add('e', 'silent');
  add('f', 'also-silent');
  add('g', 'dc1', 1);
  members.add('h', { state: 'left' }, memberInfo('h', { datacenter: 'gone' }));
  expect(catalogs.names()).toEqual(['dc1', 'near', 'far', 'also-silent', 'silent']);
  copies.set('kept', some());
  expect(catalogs.names().at(-2)).toBe('kept');
});

test('whoever waits is told when a copy is another object, or the home another agent', () => {
  catalogs.merged({ type: 'local' });
  catalogs.lookAtHome();
  expect(replaced).toBe(0);
  copies.set('dc2', some());
  catalogs.merged(dc('dc2'));
  catalogs.merged(dc('dc2'));
  expect(replaced).toBe(1);
  copies.set('dc2', some());
  catalogs.merged(dc('dc2'));
  expect(replaced).toBe(2);
  home = some();
  catalogs.merged({ type: 'state', home: 'b', space: 's' });
  catalogs.lookAtHome();
  expect(replaced).toBe(3);
});
