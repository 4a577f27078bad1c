import {
  goQuote,
  invalid,
  isDiscoveryError,
  metaComplaint,
  parseDuration,
  put,
  remove,
  sameRow,
} from '../../model/index.js';
import type { PreparedService, QueryRequest, QueryRow, StateReader } from '../../model/index.js';
import { type Decision, decision } from './decision.js';
import { isTemplate, validateTemplate } from './query-template.js';
import { durationComplaint } from './session.js';
import { isUuid, uuidComplaint } from './uuid.js';

/**
 * Writing prepared queries (docs/contract.md section 3.10). Services and tokens are not looked at until the query is
 * executed.
 */
export interface QueryContext {
  /** A fresh UUID. */
  newId(): string;
}

/** POST query: the new query's id. */
export function decideQueryCreate(state: StateReader, body: QueryRequest, context: QueryContext): Decision<string> {
  if (body.ID) throw invalid('ID must be empty when creating a new prepared query');
  const row = queryRow(context.newId(), body);
  validate(row);
  asApplied(() => refuseConflicts(state, row));
  return decision(row.id, [put(row)]);
}

/** PUT query/:id. A repetition changes nothing. */
export function decideQueryUpdate(state: StateReader, id: string, body: QueryRequest): Decision<void> {
  const existing = requireQuery(state, id);
  const row = queryRow(id, body);
  validate(row);
  asApplied(() => refuseConflicts(state, row));
  return decision(undefined, sameRow(row, existing) ? [] : [put(row)]);
}

export function decideQueryDelete(state: StateReader, id: string): Decision<void> {
  requireQuery(state, id);
  return decision(undefined, [remove('query', id)]);
}

function requireQuery(state: StateReader, id: string): QueryRow {
  const complaint = uuidComplaint(id);
  if (complaint) throw invalid(`Prepared Query lookup failed: failed prepared query lookup: ${complaint}`);
  const existing = state.query(id);
  if (!existing) throw invalid(`Cannot modify non-existent prepared query: '${id}'`);
  return existing;
}

function queryRow(id: string, body: QueryRequest): QueryRow {
  const { Type = '', Regexp = '', RemoveEmptyTags = false } = body.Template ?? {};
  return {
    kind: 'query',
    id,
    name: body.Name ?? '',
    session: body.Session ?? '',
    token: body.Token ?? '',
    service: preparedService(body.Service ?? {}),
    dnsTtl: body.DNS?.TTL ?? '',
    template: Type === '' ? null : { Type, Regexp, RemoveEmptyTags },
    createIndex: 0,
    modifyIndex: 0,
  };
}

function preparedService(body: NonNullable<QueryRequest['Service']>): PreparedService {
  return {
    service: body.Service ?? '',
    failover: { nearestN: body.Failover?.NearestN ?? 0, datacenters: failoverDatacenters(body.Failover) },
    onlyPassing: body.OnlyPassing ?? false,
    ignoreCheckIds: body.IgnoreCheckIDs ?? null,
    near: body.Near ?? '',
    tags: body.Tags ?? null,
    nodeMeta: body.NodeMeta ?? null,
    serviceMeta: body.ServiceMeta ?? null,
    connect: body.Connect ?? false,
  };
}

/** Targets is the newer name of Datacenters; those of peers are out of scope. */
function failoverDatacenters(failover: NonNullable<QueryRequest['Service']>['Failover']): readonly string[] | null {
  const targets = failover?.Targets ?? [];
  if (targets.length === 0) return failover?.Datacenters ?? null;
  if (failover?.NearestN || failover?.Datacenters?.length) {
    throw invalid('Invalid prepared query: Targets cannot be populated with NearestN or Datacenters');
  }
  return targets.flatMap(({ Datacenter }) => (Datacenter ? [Datacenter] : []));
}

const REDACTED = '<hidden>';

function validate(query: QueryRow): void {
  const complaint = complaintOf(query);
  if (complaint !== undefined) throw invalid(`Invalid prepared query: ${complaint}`);
}

function complaintOf({ name, session, token, template, service, dnsTtl }: QueryRow): string | undefined {
  if (name === '' && session === '' && template === null) return 'Must be bound to a session';
  if (token === REDACTED) {
    return `Bad Token '${token}', it looks like a query definition with a redacted token was submitted`;
  }
  if (service.service === '') return 'Must provide a Service name to query';
  if (service.failover.nearestN < 0) return `Bad NearestN '${service.failover.nearestN}', must be >= 0`;
  return metaComplaint(withoutConsulKeys(service.nodeMeta)) ?? ttlComplaint(dnsTtl);
}

/** Keys that agents reserve for themselves may be asked for. */
function withoutConsulKeys(meta: PreparedService['nodeMeta']): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(meta ?? {}).filter(([key]) => !key.startsWith('consul-')));
}

function ttlComplaint(ttl: string): string | undefined {
  if (ttl === '') return undefined;
  const ms = parseDuration(ttl);
  if (ms === undefined) return `Bad DNS TTL '${ttl}': ${durationComplaint(ttl)}`;
  return ms < 0 ? `DNS TTL '${Math.round(ms * 1e6)}', must be >=0` : undefined;
}

/** Names are found without regard to case, and an id is found before a name. */
function refuseConflicts(state: StateReader, row: QueryRow): void {
  refuseTakenName(state, row);
  if (isUuid(row.name) && state.query(row.name)) throw invalid(`name '${row.name}' aliases an existing query ID`);
  refuseUnknownSession(state, row.session);
  if (isTemplate(row)) compileTemplate(row);
}

function refuseTakenName(state: StateReader, row: QueryRow): void {
  if (row.name === '' && !isTemplate(row)) return;
  const name = row.name.toLowerCase();
  for (const other of state.queries()) {
    if (other.id === row.id || other.name.toLowerCase() !== name) continue;
    if (name !== '') throw invalid(`name '${row.name}' aliases an existing query name`);
    if (isTemplate(other)) throw invalid('a query template with an empty name already exists');
  }
}

function refuseUnknownSession(state: StateReader, session: string): void {
  if (session === '') return;
  const complaint = uuidComplaint(session);
  if (complaint) throw invalid(`invalid session: ${complaint}`);
  if (!state.session(session)) throw invalid(`invalid session ${goQuote(session)}`);
}

function compileTemplate(row: QueryRow): void {
  try {
    validateTemplate(row);
  } catch (error) {
    throw isDiscoveryError(error) ? invalid(`failed compiling template: ${error.message}`) : error;
  }
}

function asApplied(step: () => void): void {
  try {
    step();
  } catch (error) {
    throw isDiscoveryError(error, 'INVALID_ARGUMENT') ? invalid(`raft apply failed: ${error.message}`) : error;
  }
}
