import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KvWrite } from '../../model/index.js';
import { CatalogWorld, nodeRow, sessionRow } from '../../testing/catalog-world.js';
import { decideKvDelete, decideKvPut } from './kv.js';

const S1 = '11111111-1111-4111-8111-111111111111';
const S2 = '22222222-2222-4222-8222-222222222222';
const UNKNOWN = 'adf4238a-882b-9ddc-4a9d-5b6758e4159e';

class Store extends CatalogWorld {
  readonly delayed = new Set<string>();

  constructor() {
    super([nodeRow('n1'), sessionRow(S1), sessionRow(S2)]);
  }

  write(mode: KvWrite['mode'], value = 'dg==', flags = 0n, key = 'k'): boolean {
    const context = { lockDelayed: (name: string) => this.delayed.has(name) };
    const { result, changes } = decideKvPut(this.head, { key, value, flags, mode }, context);
    this.commit(changes);
    return result;
  }

  acquire(session: string, value?: string): boolean {
    return this.write({ type: 'acquire', session }, value);
  }

  delete(mode: Parameters<typeof decideKvDelete>[1]['mode'], key = 'k'): boolean {
    const { result, changes } = decideKvDelete(this.head, { key, mode });
    this.commit(changes);
    return result;
  }

  get key() {
    return this.catalog.kv('k');
  }
}

describe('a plain write', () => {
  it('that repeats value and flags moves no index', () => {
    const store = new Store();
    store.write({ type: 'set' });
    const { index } = store;
    expect(store.write({ type: 'set' })).toBe(true);
    expect(store.index).toBe(index);
    store.write({ type: 'set' }, 'dg==', 7n);
    expect(store.key).toMatchObject({ flags: 7n, modifyIndex: index + 1, createIndex: index });
  });

  it('on a held key keeps the session and resets LockIndex', () => {
    const store = new Store();
    store.acquire(S1);
    expect(store.write({ type: 'set' })).toBe(true);
    expect(store.key).toMatchObject({ session: S1, lockIndex: 0 });
  });
});

describe('check-and-set', () => {
  it('with 0 wants no key, with N that index', () => {
    const store = new Store();
    expect(store.write({ type: 'cas', index: 7 })).toBe(false);
    expect(store.write({ type: 'cas', index: 0 })).toBe(true);
    expect(store.write({ type: 'cas', index: 0 })).toBe(false);
    const seen = store.key?.modifyIndex ?? 0;
    expect(store.write({ type: 'cas', index: seen - 1 }, 'bm8=')).toBe(false);
    expect(store.write({ type: 'cas', index: seen }, 'eWVz')).toBe(true);
    expect(store.key?.value).toBe('eWVz');
  });

  it('of two at once, both with 0, takes only the first', () => {
    const store = new Store();
    const request = { key: 'k', value: '', flags: 0n, mode: { type: 'cas', index: 0 } } as const;
    const context = { lockDelayed: () => false };
    const first = decideKvPut(store.head, request, context);
    store.head.stage(first.changes);
    expect(first.result).toBe(true);
    expect(decideKvPut(store.head, request, context)).toMatchObject({ result: false, changes: [] });
  });
});

describe('a lock', () => {
  it('counts acquisitions, and belongs to its holder', () => {
    const store = new Store();
    expect(store.acquire(S1, 'bWluZQ==')).toBe(true);
    expect(store.key).toMatchObject({ session: S1, lockIndex: 1 });
    expect(store.acquire(S2, 'dGhlaXJz')).toBe(false);
    expect(store.acquire(S1, 'bWluZTI=')).toBe(true);
    expect(store.key).toMatchObject({ session: S1, lockIndex: 1, value: 'bWluZTI=' });
    expect(store.write({ type: 'release', session: S2 })).toBe(false);
    expect(store.write({ type: 'release', session: S1 })).toBe(true);
    expect(store.key).toMatchObject({ session: '', lockIndex: 1 });
    expect(store.acquire(S2)).toBe(true);
    expect(store.key).toMatchObject({ session: S2, lockIndex: 2 });
  });

  it('cannot be had within the lock delay', () => {
    const store = new Store();
    store.delayed.add('k');
    expect(store.acquire(S1)).toBe(false);
    expect(store.write({ type: 'set' })).toBe(true);
  });

  it.each([
    ['', 'raft apply failed: missing session'],
    ['zzz', 'raft apply failed: failed session lookup: index error: UUID must be 36 characters'],
    [
      '-'.repeat(36),
      'raft apply failed: failed session lookup: index error: UUID should have maximum of 4 "-"; got 36',
    ],
    [UNKNOWN, `raft apply failed: invalid session "${UNKNOWN}"`],
  ])('is refused for session %j', (session, message) => {
    expect(() => new Store().acquire(session)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }));
  });

  it('that nobody holds is not released, and not an error', () => {
    expect(new Store().write({ type: 'release', session: UNKNOWN })).toBe(false);
  });
});

describe('a deletion', () => {
  it('at an index is true when there is nothing, false at another index', () => {
    const store = new Store();
    expect(store.delete({ type: 'cas', index: 1 })).toBe(true);
    store.write({ type: 'set' });
    const seen = store.key?.modifyIndex ?? 0;
    expect(store.delete({ type: 'cas', index: 0 })).toBe(false);
    expect(store.delete({ type: 'cas', index: seen + 1 })).toBe(false);
    expect(store.delete({ type: 'cas', index: seen })).toBe(true);
    expect(store.key).toBeUndefined();
  });

  it('of nothing moves no index, of a held key succeeds', () => {
    const store = new Store();
    const { index } = store;
    expect(store.delete({ type: 'key' })).toBe(true);
    expect(store.delete({ type: 'prefix' }, 'none/')).toBe(true);
    expect(store.index).toBe(index);
    store.acquire(S1);
    expect(store.delete({ type: 'key' })).toBe(true);
    expect(store.key).toBeUndefined();
  });

  it('of a prefix takes every key under it, of the empty prefix all', () => {
    const store = new Store();
    for (const key of ['a', 'a/b', 'ab', 'b']) store.write({ type: 'set' }, '', 0n, key);
    store.delete({ type: 'prefix' }, 'a/');
    expect(Array.from(store.catalog.kvUnder(''), ({ key }) => key)).toEqual(['a', 'ab', 'b']);
    store.delete({ type: 'prefix' }, '');
    expect([...store.catalog.kvUnder('')]).toEqual([]);
  });
});

it('whatever is done, one session holds a key until it is released, deleted or its holder lets go', () => {
  const step = fc.oneof(
    fc.record({ op: fc.constant('acquire' as const), session: fc.constantFrom(S1, S2) }),
    fc.record({ op: fc.constant('release' as const), session: fc.constantFrom(S1, S2) }),
    fc.record({ op: fc.constantFrom('set' as const, 'delete' as const), session: fc.constant('') }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const store = new Store();
      let holder = '';
      for (const { op, session } of steps) {
        if (op === 'acquire') {
          expect(store.acquire(session)).toBe(holder === '' || holder === session);
          holder ||= session;
        } else if (op === 'release') {
          expect(store.write({ type: 'release', session })).toBe(holder === session);
          if (holder === session) holder = '';
        } else if (op === 'set') store.write({ type: 'set' });
        else {
          store.delete({ type: 'key' });
          holder = '';
        }
        expect(store.key?.session ?? '').toBe(holder);
      }
    }),
  );
});
