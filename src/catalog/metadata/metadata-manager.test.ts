import { describe, expect, it, vi } from 'vitest';
import { instanceToWire, limits, serviceNodeToWire } from '../../model/index.js';
import type { InstanceView, ServiceRow } from '../../model/index.js';
import { CatalogWorld, checkRow, nodeRow, serviceRow } from '../../testing/catalog-world.js';
import { checkServiceNodeShape, compileFilter, serviceNodeShape } from '../filter/index.js';
import type { FilteredItem } from './hints.js';
import { MetadataManager } from './metadata-manager.js';
import type { MetadataQuery } from './query.js';
import { redactMeta } from './redact.js';

const meta = (fields: Record<string, string>): Pick<ServiceRow, 'meta'> => ({ meta: fields });

function world(): CatalogWorld {
  return new CatalogWorld([
    nodeRow('east-1', { meta: { rack: 'r1', token: 'n' } }),
    nodeRow('west-1'),
    serviceRow('east-1', 'a', {
      service: 'Web',
      tags: ['V1', 'edge'],
      port: 80,
      ...meta({ version: '1.2.3', environment: 'prod', capabilities: 'read, write', weight: '9', secret: 's3' }),
    }),
    serviceRow('west-1', 'b', {
      service: 'web',
      tags: ['v2'],
      port: 8080,
      locality: { Region: 'eu', Zone: 'eu-1' },
      ...meta({ version: '2.0.0-rc.1', environment: 'qa', capabilities: 'read', weight: '10', zone: 'ignored' }),
    }),
    serviceRow('west-1', 'c', { service: 'db', ...meta({ region: 'us', service: 'odd', weight: 'heavy' }) }),
    serviceRow('west-1', 'd', { service: 'cache' }),
    checkRow('east-1', 'c1', { serviceId: 'a', status: 'critical' }),
  ]);
}

function manager(at = world()): MetadataManager {
  return new MetadataManager(at.catalog, { isPrivate: (key) => key === 'secret' || key === 'token' });
}

function ids(query: string | MetadataQuery, from = manager()): string {
  return from
    .findInstances(query)
    .map(({ service }) => service.id)
    .sort()
    .join('');
}

describe('a search by data', () => {
  it.each<[MetadataQuery, string]>([
    [{ field: 'service', equals: 'WEB' }, 'ab'],
    [{ field: 'node', equals: 'West-1' }, 'bcd'],
    [{ field: 'tag', equals: 'v1' }, 'a'],
    [{ field: 'health', equals: 'critical' }, 'a'],
    [{ field: 'health', in: ['passing', 'warning'] }, 'bcd'],
    [{ field: 'environment', equals: 'prod' }, 'a'],
    [{ field: 'capabilities', equals: 'write' }, 'a'],
    [{ field: 'capabilities', in: ['read', 'admin'] }, 'ab'],
    [{ field: 'zone', equals: 'eu-1' }, 'b'],
    [{ field: 'meta.zone', equals: 'ignored' }, 'b'],
    [{ field: 'region', in: ['eu', 'us'] }, 'bc'],
    [{ field: 'meta.service', equals: 'odd' }, 'c'],
    [{ field: 'weight', range: { gte: 9, lt: 10 } }, 'a'],
    [{ field: 'weight', range: { gte: 9 } }, 'ab'],
    [{ field: 'weight', range: { gt: '5' } }, 'ac'],
    [{ field: 'version', semver: '^1.0.0' }, 'a'],
    [{ field: 'version', semver: '>=1.0.0' }, 'ab'],
    [{ field: 'version', matches: '^2' }, 'b'],
    [{ field: 'tag', matches: '^V' }, 'a'],
    [{ field: 'version', exists: true }, 'ab'],
    [{ field: 'version', exists: false }, 'cd'],
    [{ field: 'constructor', exists: true }, ''],
    [{ not: { field: 'environment', equals: 'prod' } }, 'bcd'],
    [
      {
        and: [
          { field: 'service', equals: 'web' },
          { field: 'environment', equals: 'qa' },
        ],
      },
      'b',
    ],
    [
      {
        or: [
          { field: 'service', equals: 'db' },
          { field: 'tag', equals: 'v2' },
        ],
      },
      'bc',
    ],
    [{ and: [] }, 'abcd'],
    [{ or: [] }, ''],
  ])('%j finds %j', (query, expected) => {
    expect(ids(query)).toBe(expected);
  });

  it.each<[MetadataQuery, string]>([
    [{ field: 'version', semver: 'new' }, 'search: "new" is not a range of semantic versions'],
    [{ field: 'version', semver: '1'.repeat(limits.semverRangeChars + 1) }, 'is not a range'],
    [{ field: 'version', matches: '(' }, 'error parsing regexp'],
    [{ field: 'version', range: {} }, 'search: a range needs a bound'],
    [{ and: Array.from({ length: 2000 }, () => ({ or: [] })) }, 'search: more than'],
  ])('%j is refused', (query, message) => {
    expect(() => ids(query)).toThrow(message);
  });

  it('is refused when it is too deep', () => {
    let query: MetadataQuery = { and: [] };
    for (let depth = 0; depth < 100; depth += 1) query = { not: query };
    expect(() => ids(query)).toThrow('search: nested deeper');
  });
});

describe('a search by text', () => {
  it.each([
    ['', 'abcd'],
    ['service == WEB', 'ab'],
    ['Service.Service == web', 'b'],
    ['tag == v1', 'a'],
    ['v1 in tags', 'a'],
    ['tags contains V2', 'b'],
    ['tag != v1', 'bcd'],
    ['tag is empty', 'cd'],
    ['health != passing', 'a'],
    ['capabilities == write', 'a'],
    ['write not in capabilities', 'bcd'],
    ['version == semver("^1.2")', 'a'],
    ['version != semver("^1.2")', 'bcd'],
    ['version >= semver("1.2.3")', 'ab'],
    ['version < semver("2.0.0")', 'ab'],
    ['meta.weight > 9', 'b'],
    ['meta.weight<=9', 'a'],
    ['meta.weight > "5"', 'ac'],
    ['port >= 80 and port < 8080', 'a'],
    ['Service.Port > 80', 'b'],
    ['meta.environment == prod or region == us', 'ac'],
    ['zone == "eu-1" and not meta.zone == "eu-1"', 'b'],
    ['weight in meta', 'abc'],
    ['weight not in meta', 'd'],
    ['meta.none matches x', 'abcd'],
    ['meta is empty', 'd'],
    ['Checks.Status == critical', 'a'],
    ['Node.Meta.rack == r1', 'a'],
    ['node == "EAST-1" and id == a', 'a'],
    ['address == "10.0.0.1" and datacenter == dc1', 'abcd'],
    ['"we" in service', 'b'],
    ['meta["service"] == odd', 'c'],
  ])('%s: %s', (text, expected) => {
    expect(ids(text)).toBe(expected);
  });

  it.each([
    ['bogus == 1', 'Selector "bogus" is not valid'],
    ['version is empty', 'Invalid match operator "Is Empty" for selector "version"'],
    ['port > abc', '"abc" is not a number to compare with'],
    ['version > semver("new")', '"new" is not a semantic version'],
    ['version == semver("new")', '"new" is not a range of semantic versions'],
    ['tag matches semver("1")', 'Invalid match operator "Matches"'],
    ['version == semver(1)', 'Failed to create boolean expression evaluator: 1:19 (18)'],
  ])('%s is refused: %s', (text, message) => {
    expect(() => ids(text)).toThrow(message);
  });
});

describe('private metadata', () => {
  it.each(['meta.secret == s3', 'secret in meta', 'Service.Meta.secret == x', 'Node.Meta["token"] != n'])(
    '%s is not searched without leave',
    (text) => {
      expect(() => ids(text)).toThrow(expect.objectContaining({ code: 'PERMISSION_DENIED' }));
      expect(() => manager().findInstances(text, { includePrivate: true })).not.toThrow();
    },
  );

  it('is not there for what asks about metadata as a whole', () => {
    const at = world();
    at.put(serviceRow('west-1', 'd', { service: 'cache', ...meta({ secret: 'x' }) }));
    expect(ids('meta is empty', manager(at))).toBe('d');
    expect(manager(at).findInstances('meta is empty', { includePrivate: true })).toEqual([]);
    expect(() => ids({ not: { field: 'secret', exists: true } }, manager(at))).toThrow('is private');
    expect(manager(at).findInstances({ field: 'secret', exists: true }, { includePrivate: true })).toHaveLength(2);
  });

  it('is taken out of metadata that is shown', () => {
    const secrets = new Set(['p']);
    expect(redactMeta({ a: '1', p: '2' }, (key) => secrets.has(key))).toEqual({ a: '1' });
    const open = { a: '1' };
    expect(redactMeta(open, (key) => secrets.has(key))).toBe(open);
    expect(redactMeta(null, (key) => secrets.has(key))).toBeNull();
  });
});

describe('explain', () => {
  it.each([
    ['service == web and environment == prod', 'index', ['environment'], 1, 1],
    ['environment == prod and service == web', 'index', ['environment'], 1, 1],
    ['service == web and not tag == v1', 'index', ['service'], 2, 1],
    ['service == db or service == web', 'index', ['service'], 3, 3],
    ['service == db or region == eu', 'index', ['service', 'region'], 2, 2],
    ['Service.Meta.version == "1.2.3"', 'index', ['version'], 1, 1],
    ['version == semver("^1.0")', 'index', ['version'], 1, 1],
    ['service == db or port == 80', 'scan', [], 4, 2],
    ['not service == db', 'scan', [], 4, 3],
  ] as const)('%s: %s', (text, plan, indexes, candidates, results) => {
    expect(manager().explain(text)).toEqual({ plan, indexes, candidates, instances: 4, results });
  });
});

describe('narrowing what an endpoint filters', () => {
  const count = 2 * limits.narrowedInstances;
  const at = new CatalogWorld([
    nodeRow('n1'),
    ...Array.from({ length: count }, (_, i) =>
      serviceRow('n1', `i${i}`, { service: 'web', tags: [i % 2 ? 'Odd' : 'even'], ...meta({ n: String(i % 8) }) }),
    ),
    serviceRow('n1', 'small', { service: 'small', ...meta({ n: '1' }) }),
  ]);
  const web = at.catalog.serviceView('web');

  it.each<[string, FilteredItem, number]>([
    ['Service.Meta.n == 3', 'health', count / 8],
    ['Odd in Service.Tags and Service.Port == 0', 'health', count / 2],
    ['Service.Meta["n"] == 3 or Service.Meta.n == 4', 'health', count / 4],
    ['ServiceMeta.n == 3 and Node == n1', 'catalog', count / 8],
    ['ServiceTags contains Odd', 'catalog', count / 2],
    ['Service.Meta.n != 3', 'health', count],
    ['not Service.Meta.n == 3', 'health', count],
    ['Service.Meta.n == 3 or Service.Port == 0', 'health', count],
    ['', 'health', count],
  ])('%j of %s leaves %d to look at', (filter, item, left) => {
    const narrowed = manager(at).narrow(web, filter, item);
    expect(narrowed).toHaveLength(left);
    const keeps =
      filter === '' ? () => true : compileFilter(filter, item === 'health' ? checkServiceNodeShape : serviceNodeShape);
    const kept = (instances: readonly InstanceView[]) =>
      instances.filter((one) => keeps(item === 'health' ? instanceToWire(one) : serviceNodeToWire(one)));
    expect(kept(narrowed)).toEqual(kept(web.instances));
  });

  it('leaves small services and views of another time alone', () => {
    const small = at.catalog.serviceView('small');
    expect(manager(at).narrow(small, 'Service.Meta.n == 3', 'health')).toBe(small.instances);
    const old = { ...web };
    expect(manager(at).narrow(old, 'Service.Meta.n == 3', 'health')).toBe(web.instances);
  });
});

describe('the indexes', () => {
  it('follow the catalog', () => {
    const at = world();
    const search = manager(at);
    expect(ids('environment == prod', search)).toBe('a');
    at.put(serviceRow('west-1', 'd', { service: 'cache', ...meta({ environment: 'prod' }) }));
    expect(ids('environment == prod', search)).toBe('ad');
    at.remove('service', 'a', 'east-1');
    expect(ids('environment == prod', search)).toBe('d');
    at.put(checkRow('west-1', 'down', { status: 'critical' }));
    expect(ids('health == critical', search)).toBe('bcd');
    at.catalog.apply({ type: 'snapshot', index: 99, rows: [nodeRow('n'), serviceRow('n', 'z')] });
    expect(ids('service == z', search)).toBe('z');
    expect(ids('', search)).toBe('z');
  });

  it('are not built before the first search, and not looked at again while nothing changes', () => {
    const at = world();
    const names = vi.spyOn(at.catalog, 'serviceNames');
    const search = manager(at);
    expect(names).not.toHaveBeenCalled();
    const first = search.findInstances('service == web');
    expect(search.findInstances('service == web')).toBe(first);
    expect(names).toHaveBeenCalledTimes(1);
    at.put({ kind: 'config', configKind: 'x', name: 'y', body: {}, createIndex: 0, modifyIndex: 0 });
    expect(search.findInstances('service == web')).toBe(first);
    at.put(serviceRow('west-1', 'd', { service: 'web' }));
    expect(search.findInstances('service == web')).toHaveLength(3);
  });
});
