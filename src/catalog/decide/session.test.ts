import { describe, expect, it } from 'vitest';
import type { KvRow, SessionRequest } from '../../model/index.js';
import { CatalogWorld, checkRow, nodeRow, queryRow, sessionRow } from '../../testing/catalog-world.js';
import { decideSessionCreate, decideSessionDestroy } from './session.js';
import { endSessions, sessionsOfCheck } from './session-end.js';

const ID = '11111111-1111-4111-8111-111111111111';
const OTHER = '22222222-2222-4222-8222-222222222222';

function world(): CatalogWorld {
  return new CatalogWorld([
    nodeRow('n1'),
    nodeRow('n2'),
    checkRow('n1', 'serfHealth'),
    checkRow('n1', 'sick', { status: 'critical' }),
    checkRow('n2', 'service:web'),
  ]);
}

function create(body: SessionRequest) {
  return decideSessionCreate(world().head, body, { nodeName: 'n1', newId: () => ID }).result;
}

function held(key: string, session: string): KvRow {
  return { kind: 'kv', key, value: '', flags: 0n, lockIndex: 3, session, createIndex: 0, modifyIndex: 0 };
}

describe('a new session', () => {
  it('has the contract’s defaults', () => {
    expect(create({})).toMatchObject({
      id: ID,
      node: 'n1',
      lockDelayMs: 15_000,
      behavior: 'release',
      ttl: '',
      nodeChecks: ['serfHealth'],
      serviceChecks: null,
      checks: [],
    });
  });

  it.each<[SessionRequest['LockDelay'], number]>([
    ['0s', 0],
    ['20s', 20_000],
    [15, 15_000],
    [0, 0],
    [2e9, 2000],
    ['90s', 90_000],
  ])('given lock delay %j has %d ms', (LockDelay, ms) => {
    expect(create({ LockDelay }).lockDelayMs).toBe(ms);
  });

  it('may have no checks, or those it names', () => {
    expect(create({ Checks: [] }).nodeChecks).toEqual([]);
    expect(create({ Checks: ['serfHealth'] })).toMatchObject({ nodeChecks: ['serfHealth'], checks: [] });
    expect(create({ NodeChecks: [] }).nodeChecks).toEqual([]);
    const session = create({ Node: 'N2', NodeChecks: [], ServiceChecks: [{ ID: 'service:web' }] });
    expect(session.serviceChecks).toEqual([{ ID: 'service:web', Namespace: '' }]);
  });

  it.each<[SessionRequest, string]>([
    [{ Node: '' }, 'Must provide Node'],
    [{ Node: 'nope' }, 'apply failed: Missing node registration'],
    [{ TTL: '5s' }, "Invalid Session TTL '5000000000', must be between [10s=24h0m0s]"],
    [{ TTL: '86401s' }, "Invalid Session TTL '86401000000000', must be between [10s=24h0m0s]"],
    [{ TTL: 'soon' }, `Session TTL 'soon' invalid: time: invalid duration "soon"`],
    [{ TTL: '10' }, `Session TTL '10' invalid: time: missing unit in duration "10"`],
    [{ Behavior: 'explode' }, "Invalid Behavior setting 'explode'"],
    [{ Checks: ['nope'] }, "apply failed: Missing check 'nope' registration"],
    [{ NodeChecks: ['sick'] }, "apply failed: Check 'sick' is in critical state"],
    [{ LockDelay: 'soon' }, 'Request decode failed: time: invalid duration "soon"'],
  ])('%j is refused', (body, message) => {
    expect(() => create(body)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }));
  });

  it.each(['0s', '10s', '24h'])('may have TTL %s', (TTL) => {
    expect(create({ TTL }).ttl).toBe(TTL);
  });
});

describe('the end of a session', () => {
  it('releases its keys, keeping LockIndex, and puts them under its lock delay of at most a minute', () => {
    const it = world();
    it.put(sessionRow(ID, { lockDelayMs: 90_000 }), held('a', ID), held('b', OTHER));
    const { changes, lockDelays } = decideSessionDestroy(it.head, ID);
    it.commit(changes);
    expect(it.catalog.session(ID)).toBeUndefined();
    expect(it.catalog.kv('a')).toMatchObject({ session: '', lockIndex: 3 });
    expect(it.catalog.kv('b')?.session).toBe(OTHER);
    expect(lockDelays).toEqual([{ key: 'a', delayMs: 60_000 }]);
  });

  it('deletes its keys when it was created to', () => {
    const it = world();
    it.put(sessionRow(ID, { behavior: 'delete', lockDelayMs: 5 }), held('a', ID));
    const { changes, lockDelays } = endSessions(it.head, [...it.catalog.sessions()]);
    it.commit(changes);
    expect(it.catalog.kv('a')).toBeUndefined();
    expect(lockDelays).toEqual([{ key: 'a', delayMs: 5 }]);
  });

  it('starts no delay where there is none, and takes the queries bound to it', () => {
    const it = world();
    it.put(sessionRow(ID), held('a', ID), queryRow('q1', { session: ID }), queryRow('q2'));
    const { changes, lockDelays } = decideSessionDestroy(it.head, ID);
    it.commit(changes);
    expect(lockDelays).toEqual([]);
    expect(Array.from(it.catalog.queries(), ({ id }) => id)).toEqual(['q2']);
  });

  it('comes with any of its checks, whatever the case of the id', () => {
    const it = world();
    const bound = sessionRow(ID, { nodeChecks: ['SerfHealth'], serviceChecks: [{ ID: 'service:x', Namespace: '' }] });
    it.put(bound, sessionRow(OTHER, { node: 'n2', nodeChecks: ['serfHealth'] }));
    const idsOf = (node: string, check: string) => sessionsOfCheck(it.head, node, check).map(({ id }) => id);
    expect(idsOf('n1', 'serfHealth')).toEqual([ID]);
    expect(idsOf('N1', 'service:x')).toEqual([ID]);
    expect(idsOf('n2', 'serfHealth')).toEqual([OTHER]);
    expect(idsOf('n2', 'service:x')).toEqual([]);
  });
});

it('destroying what is gone changes nothing; a malformed id is refused', () => {
  expect(decideSessionDestroy(world().head, ID).changes).toEqual([]);
  expect(() => decideSessionDestroy(world().head, 'nope')).toThrow('UUID must be 36 characters');
});
