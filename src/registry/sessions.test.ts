import { describe, expect, test } from 'vitest';
import type { KvWrite } from '../model/index.js';
import { openMemoryStore } from '../store/index.js';
import { startedRegistry } from '../testing/started-registry.js';

const acquire = (session: string, key = 'lock'): KvWrite => ({
  key,
  value: '',
  flags: 0n,
  mode: { type: 'acquire', session },
});

describe('a session with a TTL', () => {
  test('ends between one and two TTLs after its last renewal, and its lock with it', async () => {
    await using at = await startedRegistry();
    const id = await at.registry.createSession({ TTL: '10s', LockDelay: '0s' });
    expect(await at.registry.kvPut(acquire(id))).toBe(true);
    await at.clock.advance(10_000);
    expect(await at.registry.renewSession(id)).toMatchObject({ id, ttl: '10s', node: 'n1' });
    await at.clock.advance(10_000);
    expect(at.catalog.session(id)).toBeDefined();
    await at.clock.advance(10_000);
    expect(at.catalog.session(id)).toBeUndefined();
    expect(at.catalog.kv('lock')).toMatchObject({ session: '', lockIndex: 1 });
    await expect(at.registry.renewSession(id)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `Session id '${id}' not found`,
    });
  });

  test('does not end because the wall clock jumped, and has its whole time after a restart', async () => {
    const before = await startedRegistry();
    const id = await before.registry.createSession({ TTL: '10s' });
    before.clock.jumpWall(86_400_000);
    await before.clock.advance(9000);
    const store = openMemoryStore({ snapshot: before.registry.snapshot() });
    await before.registry.close();
    await using at = await startedRegistry({ store });
    await at.clock.advance(10_000);
    expect(at.catalog.session(id)).toBeDefined();
    await at.clock.advance(10_000);
    expect(at.catalog.session(id)).toBeUndefined();
  });

  test('leaves no timer behind when it is destroyed', async () => {
    await using at = await startedRegistry();
    const pending = at.clock.pending;
    const id = await at.registry.createSession({ TTL: '10s' });
    await at.registry.destroySession(id);
    await at.registry.destroySession(id);
    expect(at.clock.pending).toBe(pending);
  });
});

describe('a session ends', () => {
  test('when one of its checks turns critical', async () => {
    await using at = await startedRegistry();
    await at.registry.registerCheck({ Name: 'mine', TTL: '1h', Status: 'passing' });
    const id = await at.registry.createSession({ Checks: ['serfHealth', 'mine'] });
    await at.registry.updateTtl('mine', 'warning', '');
    expect(at.catalog.session(id)).toBeDefined();
    await at.registry.updateTtl('mine', 'critical', '');
    expect(at.catalog.session(id)).toBeUndefined();
  });

  test('when one of its checks goes, in the same commit', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'web', Check: { TTL: '1h', Status: 'passing' } });
    const id = await at.registry.createSession({ NodeChecks: [], ServiceChecks: [{ ID: 'service:web' }] });
    await at.registry.kvPut(acquire(id));
    const { index } = at.catalog;
    await at.registry.deregisterService('web');
    expect([at.catalog.session(id), at.catalog.index]).toEqual([undefined, index + 1]);
    expect(at.catalog.kv('lock')?.session).toBe('');
  });

  test('with its node', async () => {
    await using at = await startedRegistry();
    await at.registry.registerCatalog({ Node: 'far', Address: '1.1.1.1' });
    const id = await at.registry.createSession({ Node: 'far', Checks: [], Behavior: 'delete' });
    await at.registry.kvPut(acquire(id));
    await at.registry.deregisterCatalog({ Node: 'far' });
    expect([at.catalog.session(id), at.catalog.kv('lock')]).toEqual([undefined, undefined]);
  });
});

describe('the lock delay', () => {
  test('keeps a key from the next holder after the session ended, not after a release', async () => {
    await using at = await startedRegistry();
    const first = await at.registry.createSession({ LockDelay: '20s' });
    const second = await at.registry.createSession({ LockDelay: '0s' });
    await at.registry.kvPut(acquire(first));
    await at.registry.kvPut(acquire(first, 'other'));
    const release: KvWrite = { ...acquire(first, 'other'), mode: { type: 'release', session: first } };
    expect(await at.registry.kvPut(release)).toBe(true);
    expect(await at.registry.kvPut(acquire(second, 'other'))).toBe(true);

    await at.registry.destroySession(first);
    at.clock.jumpWall(60_000);
    await at.clock.advance(19_000);
    expect(await at.registry.kvPut(acquire(second))).toBe(false);
    await at.clock.advance(1000);
    expect(await at.registry.kvPut(acquire(second))).toBe(true);
  });
});
