import {
  defaults,
  formatDuration,
  goQuote,
  invalid,
  parseDuration,
  put,
  ServiceDiscoveryError,
} from '../../model/index.js';
import type { SessionRequest, SessionRow, StateReader } from '../../model/index.js';
import { type Decision, decision } from './decision.js';
import { endSessions } from './session-end.js';
import { uuidComplaint } from './uuid.js';

export interface SessionContext {
  /** The node of sessions that name none: this agent's. */
  readonly nodeName: string;
  /** A fresh UUID. */
  newId(): string;
  /** Default: defaults.sessionTtlMinMs. */
  readonly ttlMinMs?: number;
}

const DEFAULT_CHECKS = ['serfHealth'];

/** PUT session/create (docs/contract.md section 3.6): the row that is stored. */
export function decideSessionCreate(
  state: StateReader,
  body: SessionRequest,
  context: SessionContext,
): Decision<SessionRow> {
  if (body.Node === '') throw invalid('Must provide Node');
  const row = sessionRow(body, context);
  validateTtl(row.ttl, context.ttlMinMs ?? defaults.sessionTtlMinMs);
  requireHealthyNode(state, row);
  return decision(row, [put(row)]);
}

/** PUT session/destroy/:id. Destroying what is gone is no error, and no change. */
export function decideSessionDestroy(state: StateReader, id: string): Decision<void> {
  const complaint = uuidComplaint(id);
  if (complaint) throw invalid(`apply failed: failed session lookup: ${complaint}`);
  const session = state.session(id);
  if (!session) return decision(undefined);
  const { changes, lockDelays } = endSessions(state, [session]);
  return decision(undefined, changes, lockDelays);
}

function sessionRow(body: SessionRequest, context: SessionContext): SessionRow {
  return {
    kind: 'session',
    id: context.newId(),
    name: body.Name ?? '',
    node: body.Node ?? context.nodeName,
    lockDelayMs: lockDelayOf(body.LockDelay),
    behavior: behaviorOf(body.Behavior ?? ''),
    ttl: body.TTL ?? '',
    ...checksOf(body),
    serviceChecks: body.ServiceChecks?.map(({ ID = '', Namespace = '' }) => ({ ID, Namespace })) ?? null,
    createIndex: 0,
    modifyIndex: 0,
  };
}

/**
 * `Checks` is the older name of `NodeChecks`: an empty one means no checks at all, the default one says nothing, any
 * other counts beside `NodeChecks`, unless these are empty.
 */
function checksOf({ Checks, NodeChecks }: SessionRequest): Pick<SessionRow, 'nodeChecks' | 'checks'> {
  if (Checks?.length === 0) return { nodeChecks: [], checks: [] };
  const nodeChecks = NodeChecks ?? DEFAULT_CHECKS;
  const isDefault = Checks?.length === 1 && Checks[0] === DEFAULT_CHECKS[0];
  return { nodeChecks, checks: isDefault || nodeChecks.length === 0 ? [] : (Checks ?? []) };
}

function behaviorOf(behavior: string): SessionRow['behavior'] {
  if (behavior === '') return 'release';
  if (behavior === 'release' || behavior === 'delete') return behavior;
  throw invalid(`Invalid Behavior setting '${behavior}'`);
}

/** Below 1000 ns nobody can mean nanoseconds: Consul takes such a number for seconds. */
function lockDelayOf(delay: SessionRequest['LockDelay']): number {
  if (delay === undefined) return defaults.lockDelayMs;
  const ms = typeof delay === 'number' ? delay / 1e6 : parseDuration(delay);
  if (ms === undefined) {
    throw new ServiceDiscoveryError('INVALID_ARGUMENT', `Request decode failed: ${durationComplaint(String(delay))}`, {
      details: { status: 400 },
    });
  }
  const nanoseconds = ms * 1e6;
  return nanoseconds < 1000 ? nanoseconds * 1000 : ms;
}

function validateTtl(ttl: string, minMs: number): void {
  if (ttl === '') return;
  const ms = parseDuration(ttl);
  if (ms === undefined) throw invalid(`Session TTL '${ttl}' invalid: ${durationComplaint(ttl)}`);
  if (ms === 0 || (ms >= minMs && ms <= defaults.sessionTtlMaxMs)) return;
  const bounds = `[${formatDuration(minMs)}=${formatDuration(defaults.sessionTtlMaxMs)}]`;
  throw invalid(`Invalid Session TTL '${Math.round(ms * 1e6)}', must be between ${bounds}`);
}

/** What Go says of a text that is no duration. */
export function durationComplaint(text: string): string {
  const reason = /^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(text) ? 'missing unit in' : 'invalid';
  return `time: ${reason} duration ${goQuote(text)}`;
}

function requireHealthyNode(state: StateReader, { node, nodeChecks, checks, serviceChecks }: SessionRow): void {
  if (!state.node(node)) throw invalid('apply failed: Missing node registration');
  for (const id of [...nodeChecks, ...checks, ...(serviceChecks ?? []).map(({ ID }) => ID)]) {
    const check = state.check(node, id);
    if (!check) throw invalid(`apply failed: Missing check '${id}' registration`);
    if (check.status === 'critical') throw invalid(`apply failed: Check '${id}' is in critical state`);
  }
}
