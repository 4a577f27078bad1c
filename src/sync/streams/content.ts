/**
 * What a record says, as a hash that is the same at every agent: over its fields in a fixed order, maps sorted, what is
 * each agent's own (indexes of catalog rows, spelling of a node's name in what is on it) left out. Two streams have the
 * same content exactly when the XOR of these is the same, up to chance of 2^-64: it detects damage, not forgery.
 */
import type { Row, RowKind, RowOf, RowRef } from '../../model/index.js';

export interface Content {
  readonly hash0: number;
  readonly hash1: number;
  /** About its size in bytes on the wire. */
  readonly bytes: number;
}

/** Without the kind, whose fact it is and when it was said. Typed so that a new field cannot be forgotten. */
type Fields<K extends RowKind> = Record<Exclude<keyof RowOf<K>, 'kind' | 'origin' | 'datacenter' | 'hlc'>, boolean>;

const OWN_INDEXES = { createIndex: false, modifyIndex: false } as const;
/** A copy of state has the home's indexes. */
const SHARED_INDEXES = { createIndex: true, modifyIndex: true } as const;

const fields: { readonly [K in RowKind]?: Fields<K> } = {
  node: { ...OWN_INDEXES, node: true, id: true, address: true, taggedAddresses: true, meta: true },
  service: {
    ...OWN_INDEXES,
    node: false,
    id: false,
    service: true,
    tags: true,
    address: true,
    taggedAddresses: true,
    meta: true,
    port: true,
    socketPath: true,
    weights: true,
    enableTagOverride: true,
    serviceKind: true,
    proxy: true,
    connect: true,
    locality: true,
  },
  check: {
    ...OWN_INDEXES,
    node: false,
    checkId: false,
    name: true,
    status: true,
    notes: true,
    output: true,
    serviceId: true,
    serviceName: true,
    serviceTags: true,
    type: true,
    interval: true,
    timeout: true,
    exposedPort: true,
    definition: true,
  },
  kv: { ...SHARED_INDEXES, key: false, value: true, flags: true, lockIndex: true, session: true },
  session: {
    ...SHARED_INDEXES,
    id: false,
    name: true,
    node: true,
    lockDelayMs: true,
    behavior: true,
    ttl: true,
    nodeChecks: true,
    checks: true,
    serviceChecks: true,
  },
  query: {
    ...SHARED_INDEXES,
    id: false,
    name: true,
    session: true,
    token: true,
    service: true,
    dnsTtl: true,
    template: true,
  },
  event: {
    ...SHARED_INDEXES,
    id: true,
    name: true,
    payload: true,
    nodeFilter: true,
    serviceFilter: true,
    tagFilter: true,
    ltime: true,
  },
  config: { ...SHARED_INDEXES, configKind: true, name: true, body: true },
};

const hashed: ReadonlyMap<RowKind, readonly string[]> = new Map(
  Object.entries(fields).map(([kind, of]) => [
    kind as RowKind,
    Object.entries(of)
      .filter(([, isHashed]) => isHashed)
      .map(([name]) => name),
  ]),
);

/** `row` is absent for a tombstone with a clock. */
export function contentOf(ref: RowRef, hlc: number, row: Row | undefined): Content {
  let text = `${ref.kind}\u0000${ref.node}\u0000${ref.id}\u0000${hlc}`;
  if (!row) return hashOf(text);
  const values = row as unknown as Readonly<Record<string, unknown>>;
  for (const name of hashed.get(row.kind) ?? NONE) text += canonical(values[name]);
  return hashOf(text);
}

const NONE: readonly string[] = [];

/** Unambiguous: every value begins with its type, and what varies in length with its length. */
function canonical(value: unknown): string {
  if (typeof value === 'string') return `s${value.length}:${value.toWellFormed()}`;
  if (value === null || value === undefined) return 'n';
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean') return `${value};`;
  return Array.isArray(value) ? canonicalList(value) : canonicalMap(value as Readonly<Record<string, unknown>>);
}

function canonicalList(items: readonly unknown[]): string {
  let text = `[${items.length}`;
  for (const item of items) text += canonical(item);
  return text;
}

/** What is undefined is not there. */
function canonicalMap(map: Readonly<Record<string, unknown>>): string {
  const keys = Object.keys(map).filter((key) => map[key] !== undefined);
  let text = `{${keys.length}`;
  for (const key of keys.length > 1 ? keys.sort() : keys) text += canonical(key) + canonical(map[key]);
  return text;
}

/** Two lanes of multiply and xor with a final avalanche (the scheme of cyrb53, public domain). */
function hashOf(text: string): Content {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit, 0x5f356495);
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  return { hash0: a >>> 0, hash1: b >>> 0, bytes: text.length };
}

/** Mixes a stream's name and position with its content: what a summary is made of. */
export function positionHash(stream: string, inc: number, ver: number, hash0: number, hash1: number): Content {
  return hashOf(`${stream}\u0000${inc}\u0000${ver}\u0000${hash0}\u0000${hash1}`);
}
