/** Random messages between agents, with the values over which codecs trip: any Unicode, `__proto__`, numbers of all sizes. */
import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { refOf } from '../model/index.js';
import type { Json, Row, RowKind, RowOf, RowRef } from '../model/index.js';
import type { MemberInfo, Message, StreamKind, SyncRecord } from '../sync/index.js';
import { streamId } from '../sync/index.js';

const wellFormed = fc.oneof(
  fc.constantFrom('', 'web', 'Web', 'node-1', '__proto__', 'constructor', 'größe', 'service:web', '10.0.0.1', '::1'),
  fc.uuid(),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
);
const anyText = fc.oneof(wellFormed, fc.string({ unit: 'binary', maxLength: 10 }), fc.constant('half \ud800 of one'));
const anyName = wellFormed.map((text) => text.replaceAll('\0', ''));
const anyOrigin = fc.oneof(fc.uuid(), fc.constantFrom('a', 'agent-1'));
const anyCount = fc.oneof(fc.nat(300), fc.maxSafeNat());
const anyNumber = fc.oneof(fc.integer(), fc.double({ noDefaultInfinity: true, noNaN: true }), fc.maxSafeInteger());
const anyMap = fc.option(fc.dictionary(anyText, anyText, { maxKeys: 4 }), { freq: 2 });
const anyTexts = fc.array(anyText, { maxLength: 4 });
const anyJson = fc.oneof(fc.constant(null), fc.jsonValue({ maxDepth: 3 })) as Arbitrary<Json>;
const anyFlag = fc.boolean();
const anyBase64 = fc.oneof(fc.base64String({ maxLength: 40 }), anyText);
const NO_INDEXES = { createIndex: fc.constant(0), modifyIndex: fc.constant(0) };
const indexes = { createIndex: anyCount, modifyIndex: anyCount };
const owned = { datacenter: anyText, origin: anyOrigin, node: anyName };

/** With the time it was registered, or from before there were times. */
function stamped<T extends object>(row: Arbitrary<T>): Arbitrary<T> {
  return fc
    .tuple(row, fc.option(anyCount, { freq: 2 }))
    .map(([fields, hlc]) => (hlc === null ? fields : { ...fields, hlc }));
}

const anySentRow: {
  readonly [K in Exclude<RowKind, 'sync' | 'local-service' | 'local-check'>]: Arbitrary<RowOf<K>>;
} = {
  node: stamped(
    fc.record({
      kind: fc.constant('node'),
      id: wellFormed,
      address: anyText,
      taggedAddresses: anyMap,
      meta: anyMap,
      ...owned,
      ...NO_INDEXES,
    }),
  ),
  service: stamped(
    fc.record({
      kind: fc.constant('service'),
      id: wellFormed,
      service: anyName,
      tags: anyTexts,
      address: anyText,
      taggedAddresses: fc.option(
        fc.dictionary(
          fc.constantFrom('lan_ipv4', 'wan_ipv4', 'lan_ipv6', '__proto__'),
          fc.record({ Address: anyText, Port: anyNumber }),
        ),
      ),
      meta: anyMap,
      port: anyNumber,
      socketPath: anyText,
      weights: fc.record({ Passing: fc.nat(2), Warning: anyNumber }),
      enableTagOverride: anyFlag,
      serviceKind: anyText,
      proxy: anyJson,
      connect: anyJson,
      locality: anyJson,
      ...owned,
      ...NO_INDEXES,
    }),
  ),
  check: stamped(
    fc.record({
      kind: fc.constant('check'),
      checkId: wellFormed,
      name: anyText,
      status: fc.oneof(fc.constantFrom('passing', 'warning', 'critical'), anyText),
      notes: anyText,
      output: anyText,
      serviceId: anyText,
      serviceName: anyText,
      serviceTags: anyTexts,
      type: anyText,
      interval: anyText,
      timeout: anyText,
      exposedPort: anyNumber,
      definition: anyJson,
      ...owned,
      ...NO_INDEXES,
    }),
  ),
  kv: fc.record({
    kind: fc.constant('kv'),
    key: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    value: anyBase64,
    flags: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    lockIndex: anyCount,
    session: anyText,
    ...indexes,
  }),
  session: fc.record({
    kind: fc.constant('session'),
    id: wellFormed,
    name: anyText,
    node: anyName,
    lockDelayMs: anyNumber,
    behavior: fc.constantFrom('release', 'delete'),
    ttl: anyText,
    nodeChecks: anyTexts,
    checks: anyTexts,
    serviceChecks: fc.option(fc.array(fc.record({ ID: anyText, Namespace: anyText }), { maxLength: 2 })),
    ...indexes,
  }),
  query: fc.record({
    kind: fc.constant('query'),
    id: wellFormed,
    name: anyText,
    session: anyText,
    token: anyText,
    service: fc.record({
      service: anyText,
      failover: fc.record({ nearestN: anyNumber, datacenters: fc.option(anyTexts) }),
      onlyPassing: anyFlag,
      ignoreCheckIds: fc.option(anyTexts),
      near: anyText,
      tags: fc.option(anyTexts),
      nodeMeta: anyMap,
      serviceMeta: anyMap,
      connect: anyFlag,
    }),
    dnsTtl: anyText,
    template: fc.option(fc.record({ Type: anyText, Regexp: anyText, RemoveEmptyTags: anyFlag })),
    ...indexes,
  }),
  event: fc.record({
    kind: fc.constant('event'),
    id: wellFormed,
    name: anyText,
    payload: anyBase64,
    nodeFilter: anyText,
    serviceFilter: anyText,
    tagFilter: anyText,
    ltime: anyCount,
    ...indexes,
  }),
  config: fc.record({
    kind: fc.constant('config'),
    configKind: wellFormed,
    name: wellFormed,
    body: anyJson,
    ...indexes,
  }),
};

const catalogRow: Arbitrary<Row> = fc.oneof(anySentRow.node, anySentRow.service, anySentRow.check);
const stateRow: Arbitrary<Row> = fc.oneof(
  anySentRow.kv,
  anySentRow.session,
  anySentRow.query,
  anySentRow.event,
  anySentRow.config,
);

/** Not numbered yet. A check often follows its service, as it does when both are registered. */
function recordOf(row: Arbitrary<Row>): Arbitrary<Omit<SyncRecord, 'ver'>> {
  const hlc = fc.oneof(
    fc.constant(0),
    fc.nat(2 ** 20).map((ms) => (1_700_000_000_000 + ms) * 2048),
    anyCount,
  );
  return fc.tuple(row, hlc, fc.nat(3)).map(([of, hlc, kind]) => {
    if (kind === 0) return { ref: refOf(of), hlc };
    const isStamped = kind === 1 && (of.kind === 'node' || of.kind === 'service') && hlc > 0;
    return { ref: refOf(of), hlc, row: isStamped ? { ...of, hlc } : of };
  });
}

function anyDelta(kind: StreamKind): Arbitrary<Message & { readonly type: 'delta' }> {
  const gap = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 1000 }));
  const records = fc.array(fc.tuple(recordOf(kind === 'catalog' ? catalogRow : stateRow), gap), { maxLength: 6 });
  const bounds = fc.record({
    prev: fc.oneof(fc.constant(0), fc.nat()),
    beyond: fc.nat(3),
    end: fc.nat(3),
    gc: fc.nat(),
  });
  return fc
    .tuple(anyOrigin, anyCount, records, bounds, anyCount)
    .map(([origin, inc, numbered, { prev, beyond, end, gc }, index]) => {
      let ver = prev;
      const all = numbered.map(([record, step]) => ({ ...record, ver: (ver += step) }));
      const to = ver + beyond;
      const stream = streamId(origin, kind);
      return {
        type: 'delta',
        stream,
        inc,
        prev,
        to,
        end: to + end,
        gc,
        index: kind === 'state' ? index : 0,
        records: all,
      };
    });
}

const uint32 = fc.nat(2 ** 32 - 1);
const anyHash = fc.tuple(uint32, uint32);
const anyStream = fc
  .tuple(anyOrigin, fc.constantFrom('catalog', 'state'))
  .map(([origin, kind]) => streamId(origin, kind));
const position = { stream: anyStream, inc: anyCount, ver: anyCount };
const anyRef: Arbitrary<RowRef> = catalogRow.map(refOf);
const anyValue = fc.anything({
  withBigInt: false,
  withNullPrototype: false,
  values: [fc.string(), fc.integer(), fc.boolean(), fc.bigInt({ min: 0n, max: 2n ** 64n })],
});

const anyMember: Arbitrary<MemberInfo> = fc.record({
  origin: anyOrigin,
  inc: anyCount,
  node: anyName,
  datacenter: anyText,
  host: anyText,
  port: fc.nat(65_535),
  protocol: fc.record({ min: fc.nat(9), max: fc.nat(9) }),
  build: anyText,
  primary: anyText,
  space: anyText,
  succeeds: fc.array(anyOrigin, { maxLength: 3 }),
  left: anyFlag,
});

const anyOf: { readonly [T in Message['type']]: Arbitrary<Omit<Extract<Message, { type: T }>, 'type'>> } = {
  summary: fc.record({ hash: anyHash, members: anyHash }),
  digest: fc.record({
    entries: fc.array(
      fc.record({ ...position, hash: anyHash, base: fc.record({ ver: anyCount, hash: anyHash }), firsthand: anyFlag }),
      {
        maxLength: 5,
      },
    ),
    answer: anyFlag,
  }),
  pull: fc.record({ wants: fc.array(fc.record({ ...position, staged: anyFlag }), { maxLength: 5 }) }),
  delta: fc.oneof(anyDelta('catalog'), anyDelta('state')),
  members: fc.record({ members: fc.array(anyMember, { maxLength: 5 }), answer: anyFlag }),
  beat: fc.record({ inc: anyCount, beat: anyCount, health: fc.nat(8), sentMs: anyCount, echoMs: anyCount }),
  opinion: fc.record({
    about: anyOrigin,
    inc: anyCount,
    beat: anyCount,
    verdict: fc.constantFrom('alive', 'suspect', 'dead'),
    evidence: fc.constantFrom('silence', 'hard'),
  }),
  alive: fc.record({ inc: anyCount, beat: anyCount }),
  ping: fc.constant({}),
  goodbye: fc.record({ inc: anyCount }),
  conflict: fc.record({ stream: anyStream, ref: anyRef, winner: anyOrigin, hlc: anyCount, sameAddress: anyFlag }),
  call: fc.record({ id: anyCount, method: anyText, args: anyValue }),
  answer: fc.record({
    id: anyCount,
    ok: anyFlag,
    value: anyValue,
    seen: fc.array(fc.record(position), { maxLength: 3 }),
  }),
  keyring: fc.record({ keys: fc.array(anyText, { maxLength: 3 }), primary: anyText, at: anyCount }),
};

export const messageTypes = Object.keys(anyOf) as readonly Message['type'][];

export function anyMessageOf(type: Message['type']): Arbitrary<Message> {
  return anyOf[type].map((body) => ({ ...body, type }) as Message);
}

export const anyMessage: Arbitrary<Message> = fc.oneof(...messageTypes.map(anyMessageOf));
