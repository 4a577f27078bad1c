/**
 * Random rows and changes over few names, so that they meet: names that differ in case only, keys that are prefixes of
 * each other, and words that a plain object would trip over.
 */
import { array, constantFrom, dictionary, nat, oneof, option, record } from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { maintenanceDefinition, put, refOf } from '../model/index.js';
import type { Change, Row, RowKind, RowOf } from '../model/index.js';
import { checkRow, nodeRow, queryRow, serviceRow, sessionRow } from './catalog-world.js';

export const names = {
  nodes: ['n1', 'N1', 'n2', '__proto__'],
  services: ['web', 'Web', 'db', '__proto__', 'toString'],
  ids: ['a', 'b', '__proto__'],
  checks: ['c1', 'c2', '_node_maintenance', '__proto__'],
  keys: ['a', 'a/b', 'a/c', 'ab', '__proto__', '\u00ff', '\u0000'],
  prefixes: ['', 'a', 'a/', '__proto__', 'z', '\u00ff'],
  addresses: ['', '10.0.0.1', '10.0.0.2'],
  sessions: ['s1', 's2'],
} as const;

const NEW = { createIndex: 0, modifyIndex: 0 } as const;
const anyNode = constantFrom(...names.nodes);
const anyId = constantFrom(...names.ids);
const anyMeta = option(dictionary(constantFrom('k', 'region', '__proto__'), constantFrom('', 'x', '__proto__')));

const anyRow: { readonly [K in RowKind]: Arbitrary<RowOf<K>> } = {
  node: record({ node: anyNode, address: constantFrom(...names.addresses), meta: anyMeta }).map(({ node, ...fields }) =>
    nodeRow(node, fields),
  ),
  service: record({
    node: anyNode,
    id: anyId,
    service: constantFrom(...names.services),
    tags: array(constantFrom('v1', 'v2', '__proto__', '1:a', 'a'), { maxLength: 3 }),
    meta: anyMeta,
    address: constantFrom(...names.addresses),
  }).map(({ node, id, ...fields }) => serviceRow(node, id, fields)),
  check: record({
    node: anyNode,
    id: constantFrom(...names.checks),
    serviceId: constantFrom('', ...names.ids),
    status: constantFrom('passing', 'warning', 'critical', 'odd'),
  }).map(({ node, id, ...fields }) => checkRow(node, id, fields)),
  kv: record({
    key: constantFrom(...names.keys),
    value: constantFrom('', 'eA=='),
    session: constantFrom('', ...names.sessions),
  }).map((fields) => ({ kind: 'kv', flags: 0n, lockIndex: 0, ...NEW, ...fields })),
  session: record({ id: constantFrom(...names.sessions), node: anyNode }).map(({ id, node }) =>
    sessionRow(id, { node }),
  ),
  query: constantFrom('q1', '__proto__').map((id) => queryRow(id)),
  event: nat(3).map((ltime) => {
    const filters = { nodeFilter: '', serviceFilter: '', tagFilter: '' };
    return { kind: 'event', id: 'e', name: 'x', payload: '', ltime, ...filters, ...NEW };
  }),
  config: constantFrom('x', '__proto__').map((name) => ({
    kind: 'config',
    configKind: 'kind',
    name,
    body: null,
    ...NEW,
  })),
  sync: constantFrom('stream/a', '__proto__').map((id) => ({ kind: 'sync', id, body: null, ...NEW })),
  'local-service': anyId.map((id) => {
    const { node: _node, datacenter: _datacenter, origin: _origin, hlc: _hlc, ...fields } = serviceRow('n1', id);
    return { ...fields, kind: 'local-service', token: '', fromConfig: false };
  }),
  'local-check': record({ checkId: constantFrom(...names.checks), serviceId: constantFrom('', ...names.ids) }).map(
    (fields) => {
      const shown = { name: 'check', notes: '', interval: '', timeout: '', token: '', fromConfig: false };
      return { kind: 'local-check', ...fields, ...shown, definition: maintenanceDefinition, ...NEW };
    },
  ),
};

export const everyKind = Object.keys(anyRow) as readonly RowKind[];

export function anyRowOf(kinds: readonly RowKind[]): Arbitrary<Row> {
  return oneof(...kinds.map((kind): Arbitrary<Row> => anyRow[kind]));
}

/** Up to four changes of one command. */
export function anyChangesOf(kinds: readonly RowKind[]): Arbitrary<readonly Change[]> {
  const row = anyRowOf(kinds);
  const deletion: Arbitrary<Change> = row.map((of) => ({ op: 'delete', ref: refOf(of) }));
  const change = oneof({ weight: 3, arbitrary: row.map(put) }, { weight: 2, arbitrary: deletion });
  return array(change, { minLength: 1, maxLength: 4 });
}
