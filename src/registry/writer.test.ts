import { describe, expect, test } from 'vitest';
import type { KvWrite } from '../model/index.js';
import { startedRegistry } from '../testing/started-registry.js';
import { settle } from '../testing/fake-clock.js';

const set = (key: string, mode: KvWrite['mode'] = { type: 'set' }): KvWrite => ({
  key,
  value: 'dg==',
  flags: 0n,
  mode,
});

async function isPending(work: Promise<unknown>): Promise<boolean> {
  await settle();
  return (await Promise.race([work.then(() => 'done'), Promise.resolve('pending')])) === 'pending';
}

describe('the writer', () => {
  test('decides in order of calls, before anything is on disk', async () => {
    await using at = await startedRegistry();
    at.store.lag();
    const first = at.registry.kvPut(set('k', { type: 'cas', index: 0 }));
    const second = at.registry.kvPut(set('k', { type: 'cas', index: 0 }));
    expect(at.store.waitingCommits).toBe(1);
    at.store.release();
    expect(await Promise.all([first, second])).toEqual([true, false]);
  });

  test('answers a command that changes nothing only when what it saw is there to read', async () => {
    await using at = await startedRegistry();
    at.store.lag();
    const write = at.registry.registerService({ Name: 'web' });
    const repeat = at.registry.registerService({ Name: 'web' });
    expect(at.store.waitingCommits).toBe(1);
    expect([await isPending(repeat), at.catalog.hasService('web')]).toEqual([true, false]);
    at.store.release();
    await Promise.all([write, repeat]);
    expect(at.catalog.hasService('web')).toBe(true);
  });

  test('lets a reader that was just woken use the index it sees', async () => {
    await using at = await startedRegistry();
    const answers: Promise<boolean>[] = [];
    const stop = at.catalog.subscribe('all' as never, () => {
      queueMicrotask(() => {
        const index = at.catalog.kv('k')?.modifyIndex;
        if (index && answers.length === 0)
          answers.push(at.registry.kvPut({ ...set('k', { type: 'cas', index }), value: '' }));
      });
    });
    await at.registry.kvPut(set('k'));
    await settle();
    stop();
    expect(await Promise.all(answers)).toEqual([true]);
  });

  test('two sessions that acquire at once: the first one has it', async () => {
    await using at = await startedRegistry();
    const [a, b] = [await at.registry.createSession({}), await at.registry.createSession({})];
    at.store.lag();
    const outcomes = [a, b].map((session) => at.registry.kvPut(set('lock', { type: 'acquire', session })));
    at.store.release();
    expect(await Promise.all(outcomes)).toEqual([true, false]);
    expect(at.catalog.kv('lock')?.session).toBe(a);
  });

  test('a transaction behind the removal of its node fails whole', async () => {
    await using at = await startedRegistry();
    await at.registry.registerCatalog({ Node: 'far', Address: '1.1.1.1' });
    at.store.lag();
    const gone = at.registry.deregisterCatalog({ Node: 'far' });
    const outcome = at.registry.transaction([
      { KV: { Verb: 'set', Key: 'k', Value: '' } },
      { Service: { Verb: 'set', Node: 'far', Service: { Service: 'web' } } },
    ]);
    at.store.release();
    await gone;
    expect(await outcome).toMatchObject({ ok: false, errors: [{ opIndex: 1 }] });
    expect([at.catalog.kv('k'), at.catalog.hasService('web')]).toEqual([undefined, false]);
  });

  test('ends with the first failed commit: everything after it is refused, reads go on', async () => {
    const at = await startedRegistry();
    const fatal: string[] = [];
    at.registry.on('fatal', (error) => fatal.push(error.message));
    await at.registry.registerService({ Name: 'kept' });
    at.store.lag();
    const lost = [at.registry.registerService({ Name: 'a' }), at.registry.registerService({ Name: 'a' })];
    const failed = Promise.allSettled(lost);
    at.store.fail(new Error('ENOSPC: no space left on device'));
    const refusal = { code: 'UNAVAILABLE', message: /ENOSPC/ };
    for (const result of await failed)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: refusal.code } });
    await expect(at.registry.registerService({ Name: 'b' })).rejects.toThrow(refusal.message);
    expect(fatal).toHaveLength(1);
    expect([at.catalog.hasService('kept'), at.catalog.hasService('a')]).toEqual([true, false]);
    await at.registry.close();
  });
});
