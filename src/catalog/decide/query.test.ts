import { describe, expect, it } from 'vitest';
import { limits } from '../../model/index.js';
import type { ExecuteOptions, InstanceView, PreparedService, QueryRequest, QueryRow, Row } from '../../model/index.js';
import { CatalogWorld, checkRow, nodeRow, queryRow, serviceRow, sessionRow } from '../../testing/catalog-world.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { QueryDirectory } from './query-directory.js';
import { type ExecuteContext, executeQuery, explainQuery } from './query-execute.js';
import { decideQueryCreate, decideQueryDelete, decideQueryUpdate } from './query-write.js';

const Q = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
const UNKNOWN = 'adf4238a-882b-9ddc-4a9d-5b6758e4159e';
const SERVICE = queryRow(Q).service;

class Queries extends CatalogWorld {
  readonly directory = new QueryDirectory(this.catalog);
  #ids = 0;

  create(body: QueryRequest): string {
    const newId = () => `00000000-0000-4000-8000-${String((this.#ids += 1)).padStart(12, '0')}`;
    const { result, changes } = decideQueryCreate(this.head, body, { newId });
    this.commit(changes);
    return result;
  }

  execute(name: string, options: ExecuteOptions = {}, context: Partial<ExecuteContext> = {}) {
    const full = { random: seededRandom(1), agentNode: 'a', ...context };
    return executeQuery(this.catalog, this.directory, name, options, full);
  }

  ids(name: string, options?: ExecuteOptions): string {
    const { nodes } = this.execute(name, options);
    return nodes
      .map(({ service }) => service.id)
      .sort()
      .join('');
  }

  explain(name: string): PreparedService {
    return explainQuery(this.directory, name, 'alpha').service;
  }
}

/** Three instances of web: passing, warning, critical. */
const instances: readonly Row[] = [
  nodeRow('a', { meta: { zone: 'east' } }),
  nodeRow('b', { meta: { zone: 'west' } }),
  nodeRow('c'),
  serviceRow('a', '1', { service: 'web', tags: ['V1'], meta: { ver: '1' } }),
  serviceRow('b', '2', { service: 'web', tags: ['v2'] }),
  serviceRow('c', '3', { service: 'web', tags: ['v2'] }),
  checkRow('a', 'c', { serviceId: '1' }),
  checkRow('b', 'c', { serviceId: '2', status: 'warning' }),
  checkRow('c', 'c', { serviceId: '3', status: 'critical' }),
];

function to(service: string): PreparedService {
  return { ...SERVICE, service };
}

function backwards(_from: string, all: readonly InstanceView[]): readonly InstanceView[] {
  return [...all].sort((x, y) => (x.node.node < y.node.node ? 1 : -1));
}

function withQuery(service: Partial<PreparedService>, fields: Partial<QueryRow> = {}): Queries {
  return new Queries([...instances, queryRow(Q, { name: 'q', service: { ...SERVICE, ...service }, ...fields })]);
}

describe('executing a prepared query', () => {
  it.each<[Partial<PreparedService>, string]>([
    [{}, '12'],
    [{ onlyPassing: true }, '1'],
    [{ ignoreCheckIds: ['c'] }, '123'],
    [{ ignoreCheckIds: ['c'], onlyPassing: true }, '123'],
    [{ tags: ['v2', '!v1'] }, '2'],
    [{ tags: ['v1'] }, '1'],
    [{ tags: ['!V2'] }, '1'],
    [{ tags: ['v1', 'v2'] }, ''],
    [{ tags: [], nodeMeta: {}, serviceMeta: {} }, '12'],
    [{ nodeMeta: { zone: 'east' } }, '1'],
    [{ nodeMeta: { zone: 'east', rack: '1' } }, ''],
    [{ serviceMeta: { ver: '1' } }, '1'],
    [{ serviceMeta: { constructor: '1' } }, ''],
    [{ service: 'WEB' }, '12'],
    [{ service: 'nope' }, ''],
  ])('with %j finds %j', (service, ids) => {
    expect(withQuery(service).ids('q')).toBe(ids);
  });

  it('works by name in any case and by id, and not otherwise', () => {
    const it = withQuery({});
    expect(it.ids('Q')).toBe('12');
    expect(it.ids(Q)).toBe('12');
    expect(() => it.ids('nope')).toThrow(expect.objectContaining({ code: 'NOT_FOUND', message: 'Query not found' }));
    expect(() => it.ids('')).toThrow('Query not found');
    expect(() => it.ids(UNKNOWN)).toThrow('Query not found');
  });

  it('follows what is changed and deleted', () => {
    const it = withQuery({});
    it.ids('q');
    it.put(queryRow(Q, { name: 'q', service: { ...SERVICE, onlyPassing: true } }));
    expect(it.ids('q')).toBe('1');
    it.remove('query', Q);
    expect(() => it.ids('q')).toThrow('Query not found');
  });

  it('shuffles, limits, and brings the near node to the front', () => {
    const many = Array.from({ length: 8 }, (_, i) => [nodeRow(`n${i}`), serviceRow(`n${i}`, 'web')]).flat();
    const it = new Queries([...many, queryRow(Q, { name: 'q' })]);
    const random = seededRandom(7);
    const orders = Array.from({ length: 20 }, () =>
      it
        .execute('q', {}, { random })
        .nodes.map(({ node }) => node.node)
        .join(),
    );
    expect(new Set(orders).size).toBeGreaterThan(15);
    expect(it.execute('q', { limit: 3 }).nodes).toHaveLength(3);
    const first = (options: ExecuteOptions, agentNode = '') =>
      new Set(Array.from({ length: 10 }, () => it.execute('q', options, { random, agentNode }).nodes[0]?.node.node));
    expect(first({ near: 'N5' })).toEqual(new Set(['n5']));
    expect(first({ near: '_agent' }, 'n2')).toEqual(new Set(['n2']));
    expect(first({ near: 'unknown' }).size).toBeGreaterThan(1);
    it.put(queryRow(Q, { name: 'q', service: { ...SERVICE, near: 'n3' } }));
    expect(first({})).toEqual(new Set(['n3']));
    expect(first({ near: 'n4' })).toEqual(new Set(['n4']));
  });

  it('takes the order of distance where it is known', () => {
    const it = withQuery({ ignoreCheckIds: ['c'] });
    const { nodes } = it.execute('q', { near: 'elsewhere' }, { sortByDistance: backwards });
    expect(nodes.map(({ node }) => node.node)).toEqual(['c', 'b', 'a']);
  });

  it('finds what speaks for a service in the mesh when asked for connect', () => {
    const it = withQuery({});
    it.put(
      serviceRow('a', 'p', {
        service: 'web-proxy',
        serviceKind: 'connect-proxy',
        proxy: { DestinationServiceName: 'web' },
      }),
      serviceRow('b', 'n', { service: 'web', connect: { Native: true } }),
    );
    expect(it.ids('q', { connect: true })).toBe('np');
  });

  it('fails over in order, counts its tries, and skips unknown datacenters', () => {
    const it = withQuery({ service: 'gone', failover: { nearestN: 1, datacenters: ['moon', 'dc3', 'dc2', 'dc1'] } });
    const elsewhere = withQuery({}).catalog.serviceView('web').instances;
    const tried: string[] = [];
    const failover = (at: string) => ({
      datacenters: ['dc2', 'dc3'],
      executeIn: (datacenter: string, query: QueryRow, limit: number) => {
        tried.push(`${datacenter}:${query.service.service}:${limit}`);
        return datacenter === at ? elsewhere : [];
      },
    });
    expect(it.execute('q', { limit: 5 }, { failover: failover('dc3') })).toMatchObject({
      datacenter: 'dc3',
      failovers: 2,
    });
    expect(tried).toEqual(['dc2:gone:5', 'dc3:gone:5']);
    expect(it.execute('q', {}, { failover: failover('') })).toMatchObject({ nodes: [], failovers: 2 });
    expect(it.execute('q')).toMatchObject({ nodes: [], datacenter: 'dc1', failovers: 0 });
  });
});

describe('a template', () => {
  const template = { Type: 'name_prefix_match', Regexp: '^geo-(.+?)-([^-]+)$', RemoveEmptyTags: false };
  const texts: PreparedService = {
    ...SERVICE,
    service: '${match(1)}',
    tags: ['${match(2)}', '${match(9)}', 'x-$${y}'],
    near: '${ name.suffix }',
    nodeMeta: { full: '${name.full}', prefix: '${name.prefix}', segment: '${agent.segment}' },
    failover: { nearestN: 0, datacenters: ['dc-${match( 2 )}'] },
  };

  it('is rendered for the name that was asked', () => {
    const it = new Queries([queryRow(Q, { name: 'geo-', service: texts, template })]);
    expect(it.explain('geo-my-api-master')).toMatchObject({
      service: 'my-api',
      tags: ['master', '', 'x-${y}'],
      near: 'my-api-master',
      nodeMeta: { full: 'geo-my-api-master', prefix: 'geo-', segment: 'alpha' },
      failover: { datacenters: ['dc-master'] },
    });
    it.put(queryRow(Q, { name: 'geo-', service: texts, template: { ...template, RemoveEmptyTags: true } }));
    expect(it.explain('geo-my-api-master').tags).toEqual(['master', 'x-${y}']);
  });

  it('is found by its longest prefix, after exact names, and not by its id', () => {
    const plain = { Type: 'name_prefix_match', Regexp: '', RemoveEmptyTags: false };
    const it = new Queries([
      queryRow(Q, { name: '', service: to('any'), template: plain }),
      queryRow('q2', { name: 'Geo-', service: to('geo'), template: plain }),
      queryRow('q3', { name: 'geo-db-', service: to('db'), template: plain }),
      queryRow('q4', { name: 'geo-db-x', service: to('exact') }),
      queryRow('q5', { name: 'geo-d', service: to('no template') }),
    ]);
    const found = ['geo-db-y', 'GEO-DB-X', 'geo-dx', 'geo-', 'other'].map((name) => it.explain(name).service);
    expect(found).toEqual(['db', 'exact', 'geo', 'geo', 'any']);
    expect(() => it.explain(Q)).toThrow('prepared query templates can only be resolved up by name, not by ID');
  });

  it('cannot make more text than there is room for', () => {
    const it = new Queries([
      queryRow(Q, { name: 't', service: { ...SERVICE, service: '${name.full}'.repeat(100) }, template }),
    ]);
    expect(() => it.explain('t'.repeat(limits.queryRenderedChars / 50))).toThrow('too long');
  });
});

describe('writing a query', () => {
  const web = { Service: 'web' };

  it('keeps what was given, and null for what was not', () => {
    const it = new Queries();
    const id = it.create({ Name: 'x', Service: { ...web, Tags: [] }, DNS: { TTL: '10s' } });
    expect(it.catalog.query(id)).toMatchObject({
      name: 'x',
      dnsTtl: '10s',
      template: null,
      service: { tags: [], ignoreCheckIds: null, nodeMeta: null, failover: { nearestN: 0, datacenters: null } },
    });
  });

  it('again the same changes nothing; otherwise it replaces the whole', () => {
    const it = new Queries();
    const body = { Name: 'x', Service: { ...web, Tags: ['a'] } };
    const id = it.create(body);
    expect(decideQueryUpdate(it.head, id, body).changes).toEqual([]);
    it.commit(decideQueryUpdate(it.head, id, { Name: 'x', Service: web }).changes);
    expect(it.catalog.query(id)?.service.tags).toBeNull();
    it.commit(decideQueryDelete(it.head, id).changes);
    expect(it.catalog.query(id)).toBeUndefined();
  });

  it.each<[QueryRequest, string]>([
    [{ ID: 'x', Name: 'x', Service: web }, 'ID must be empty when creating a new prepared query'],
    [{ Service: web }, 'Invalid prepared query: Must be bound to a session'],
    [{ Name: 'x' }, 'Invalid prepared query: Must provide a Service name to query'],
    [
      { Name: 'x', Service: { ...web, Failover: { NearestN: -1 } } },
      "Invalid prepared query: Bad NearestN '-1', must be >= 0",
    ],
    [
      { Name: 'x', Service: web, DNS: { TTL: 'soon' } },
      `Invalid prepared query: Bad DNS TTL 'soon': time: invalid duration "soon"`,
    ],
    [{ Name: 'x', Service: web, DNS: { TTL: '-1s' } }, "Invalid prepared query: DNS TTL '-1000000000', must be >=0"],
    [
      { Name: 'x', Service: web, Token: '<hidden>' },
      "Invalid prepared query: Bad Token '<hidden>', it looks like a query definition with a redacted token was submitted",
    ],
    [{ Name: 'TAKEN', Service: web }, "raft apply failed: name 'TAKEN' aliases an existing query name"],
    [{ Name: Q, Service: web }, `raft apply failed: name '${Q}' aliases an existing query ID`],
    [{ Name: 'x', Session: UNKNOWN, Service: web }, `raft apply failed: invalid session "${UNKNOWN}"`],
    [
      { Name: 'x', Session: 'y', Service: web },
      'raft apply failed: invalid session: index error: UUID must be 36 characters',
    ],
    [
      { Name: 'x', Template: { Type: 'poem' }, Service: web },
      "raft apply failed: failed compiling template: Bad Template.Type 'poem'",
    ],
    [
      { Name: 'x', Template: { Type: 'name_prefix_match', Regexp: '(' }, Service: web },
      'raft apply failed: failed compiling template: Bad Regexp: error parsing regexp: missing closing ): `(`',
    ],
    [
      { Name: 'x', Template: { Type: 'name_prefix_match' }, Service: { Service: '${nope}' } },
      `raft apply failed: failed compiling template: Bad evaluation for '\${nope}' in Service.Service: unknown variable accessed: "nope"`,
    ],
    [
      { Name: 'x', Template: { Type: 'name_prefix_match' }, Service: { Service: '${name.full' } },
      `raft apply failed: failed compiling template: Bad format '\${name.full' in Service.Service: expected "}"`,
    ],
  ])('%j is refused', (body, message) => {
    const it = new Queries([queryRow(Q, { name: 'taken' })]);
    expect(() => it.create(body)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }));
  });

  it('bound to a session needs no name', () => {
    const session = '11111111-1111-4111-8111-111111111111';
    expect(new Queries([sessionRow(session)]).create({ Session: session, Service: web })).toBeTruthy();
  });

  it.each([
    [UNKNOWN, `Cannot modify non-existent prepared query: '${UNKNOWN}'`],
    ['name', 'Prepared Query lookup failed: failed prepared query lookup: index error: UUID must be 36 characters'],
  ])('%s cannot be changed or deleted', (id, message) => {
    const it = new Queries();
    expect(() => decideQueryUpdate(it.head, id, {})).toThrow(message);
    expect(() => decideQueryDelete(it.head, id)).toThrow(message);
  });
});
