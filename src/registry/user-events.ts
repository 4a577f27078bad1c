import type { Decision } from '../catalog/index.js';
import { compileRegexp, decision, eventReachesAny } from '../catalog/index.js';
import type { EventRow, StateReader } from '../model/index.js';
import { invalid, isDiscoveryError, limits, put, refOf } from '../model/index.js';

/**
 * User events (docs/contract.md section 3.8): messages to the agents that match. The home of the datacenter keeps the last
 * 256 that any agent is to receive, and each shows those that match it.
 */
export interface EventRequest {
  readonly name: string;
  /** Base64. */
  readonly payload: string;
  /** Regular expressions; '' matches everything. */
  readonly node: string;
  readonly service: string;
  readonly tag: string;
}

/** What an event carries beside name, payload and filters: its id and the names of its fields. */
const ENVELOPE_BYTES = 96;

export function validateEvent({ name, payload, node, service, tag }: EventRequest): void {
  if (tag !== '' && service === '') throw invalid('Cannot provide tag filter without service filter');
  compile(node, 'node');
  compile(service, 'service');
  compile(tag, 'tag');
  const sizeBytes = Buffer.byteLength(name + node + service + tag) + Buffer.byteLength(payload, 'base64');
  if (sizeBytes + ENVELOPE_BYTES > limits.eventPayloadBytes) {
    throw invalid(`user event exceeds configured limit of ${limits.eventPayloadBytes} bytes before encoding`);
  }
}

/** Stored only when somebody is meant. The ring is in order of arrival. */
export function decideEvent(
  head: StateReader,
  request: EventRequest,
  id: string,
  nodeName: string,
): Decision<EventRow> {
  const ring = [...head.events()];
  const row: EventRow = {
    kind: 'event',
    id,
    name: request.name,
    payload: request.payload,
    nodeFilter: request.node,
    serviceFilter: request.service,
    tagFilter: request.tag,
    ltime: (ring.at(-1)?.ltime ?? 0) + 1,
    createIndex: 0,
    modifyIndex: 0,
  };
  if (!eventReachesAny(head, row, nodeName)) return decision(row);
  const oldest = ring.slice(0, Math.max(0, ring.length + 1 - limits.events));
  return decision(row, [...oldest.map((old) => ({ op: 'delete', ref: refOf(old) }) as const), put(row)]);
}

function compile(expression: string, what: string): void {
  try {
    compileRegexp(expression);
  } catch (error) {
    if (!isDiscoveryError(error)) throw error;
    throw invalid(`Invalid ${what} filter: ${error.message}`);
  }
}
