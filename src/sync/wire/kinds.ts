/** The kinds of rows that are sent: how each is written, and in which stream it may stand. */
import type { Row, RowKind, RowOf } from '../../model/index.js';
import type { StreamKind } from '../messages.js';
import type { BareRef } from './catalog-rows.js';
import { checkRef, checkRow, nodeRow, plainRef, serviceRow } from './catalog-rows.js';
import type { Codec } from './codec.js';
import { fields, textThat } from './codec.js';
import { id } from './names.js';
import type { Last, LastCodec, RowCodec } from './sparse.js';
import { configRow, eventRow, kvRow, queryRow, sessionRow } from './state-rows.js';

export interface KindCodec {
  readonly kind: RowKind;
  readonly stream: StreamKind;
  readonly row: LastCodec<Row>;
  /** How it is named when it is gone. */
  readonly ref: LastCodec<BareRef>;
}

const idOnly = fields<BareRef>({ node: textThat((node) => node === '', 'a node where none belongs'), id });

/** The place of a kind is its number: new ones are added at the end. A head has room for eight. */
export const KINDS: readonly KindCodec[] = [
  catalogKind('node', nodeRow, plainRef),
  catalogKind('service', serviceRow, plainRef),
  catalogKind('check', checkRow, checkRef),
  stateKind('kv', kvRow),
  stateKind('session', sessionRow),
  stateKind('query', queryRow),
  stateKind('event', eventRow),
  stateKind('config', configRow),
];

type CatalogKind = 'node' | 'service' | 'check';
type StateKind = 'kv' | 'session' | 'query' | 'event' | 'config';

function catalogKind<K extends CatalogKind>(
  kind: K,
  codec: RowCodec<Omit<RowOf<K>, 'kind' | 'createIndex' | 'modifyIndex' | 'hlc'>>,
  ref: LastCodec<BareRef>,
): KindCodec {
  return {
    kind,
    stream: 'catalog',
    row: {
      write: (out, row, last) => codec.write(out, row as RowOf<K>, last),
      read: (from, last) => codec.read(from, last, { kind, createIndex: 0, modifyIndex: 0 }) as unknown as Row,
    },
    ref,
  };
}

function stateKind<K extends StateKind>(kind: K, codec: Codec<Omit<RowOf<K>, 'kind'>>): KindCodec {
  return {
    kind,
    stream: 'state',
    row: {
      write: (out, row) => codec.write(out, row as RowOf<K>),
      read: (from) => ({ kind, ...codec.read(from) }) as unknown as Row,
    },
    ref: idOnly,
  };
}

/** What the next record may take over. */
export function remember(last: Last, row: Row): void {
  if (row.kind !== 'node' && row.kind !== 'service' && row.kind !== 'check') return;
  last.node = row.node;
  last.datacenter = row.datacenter;
  last.origin = row.origin;
  if (row.kind === 'service') [last.serviceId, last.service, last.tags] = [row.id, row.service, row.tags];
  if (row.kind === 'check')
    [last.serviceId, last.service, last.tags] = [row.serviceId, row.serviceName, row.serviceTags];
}
