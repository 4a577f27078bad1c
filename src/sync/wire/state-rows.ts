/** What the home of a datacenter decides. Their indexes are the home's, and go with them. */
import type { ConfigRow, EventRow, KvRow, PreparedService, QueryRow, SessionRow } from '../../model/index.js';
import { count, fields, flag, listOf, number, oneOf, orNull, text } from './codec.js';
import { json } from './json.js';
import { base64, id, key, name, optionalMap, optionalTexts, texts, uint64 } from './names.js';

type Bare<T> = Omit<T, 'kind'>;
const indexes = { createIndex: count, modifyIndex: count };

export const kvRow = fields<Bare<KvRow>>({
  key,
  value: base64,
  flags: uint64,
  lockIndex: count,
  session: text,
  ...indexes,
});

export const sessionRow = fields<Bare<SessionRow>>({
  id,
  name: text,
  node: name,
  lockDelayMs: number,
  behavior: oneOf(['release', 'delete']),
  ttl: text,
  nodeChecks: texts,
  checks: texts,
  serviceChecks: orNull(listOf(fields({ ID: text, Namespace: text }))),
  ...indexes,
});

const preparedService = fields<PreparedService>({
  service: text,
  failover: fields({ nearestN: number, datacenters: optionalTexts }),
  onlyPassing: flag,
  ignoreCheckIds: optionalTexts,
  near: text,
  tags: optionalTexts,
  nodeMeta: optionalMap,
  serviceMeta: optionalMap,
  connect: flag,
});

export const queryRow = fields<Bare<QueryRow>>({
  id,
  name: text,
  session: text,
  token: text,
  service: preparedService,
  dnsTtl: text,
  template: orNull(fields({ Type: text, Regexp: text, RemoveEmptyTags: flag })),
  ...indexes,
});

export const eventRow = fields<Bare<EventRow>>({
  id,
  name: text,
  payload: base64,
  nodeFilter: text,
  serviceFilter: text,
  tagFilter: text,
  ltime: count,
  ...indexes,
});

export const configRow = fields<Bare<ConfigRow>>({ configKind: id, name: id, body: json, ...indexes });
