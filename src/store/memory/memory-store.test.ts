import { describe, expect, test } from 'vitest';
import { kv, storeSuite } from '../../testing/store-suite.js';
import { openMemoryStore } from './index.js';

describe('the memory store', () => {
  const history = { sets: 16, changes: 64 };
  const subject = async () => ({
    open: async () => openMemoryStore({ history }),
    persistent: false,
    dispose: async () => {},
  });
  for (const { name, run } of storeSuite(subject)) test(name, run);

  test('starts with a given snapshot', async () => {
    const store = openMemoryStore({ snapshot: { index: 40, rows: [kv('a', '', { createIndex: 3, modifyIndex: 9 })] } });
    expect(await store.commit([{ op: 'put', row: kv('a', 'x') }])).toBe(41);
    for await (const update of store.follow(0, AbortSignal.timeout(5000))) {
      expect(update).toEqual({
        type: 'snapshot',
        index: 41,
        rows: [kv('a', 'x', { createIndex: 3, modifyIndex: 41 })],
      });
      break;
    }
  });
});
