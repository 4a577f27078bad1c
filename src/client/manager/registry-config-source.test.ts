import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRegistry, type Registry } from '../../registry/index.js';
import { realClock, realRandom } from '../../runtime/index.js';
import { ConfigWatches } from './config-watches.js';
import type { ConfigUpdate } from './events.js';
import { registryConfigSource } from './registry-config-source.js';

let registry: Registry;
let watches: ConfigWatches;
let updates: ConfigUpdate[];

beforeEach(async () => {
  registry = await createRegistry();
  updates = [];
  watches = new ConfigWatches(
    registryConfigSource(registry.catalog),
    (error) => {
      throw error;
    },
    { clock: realClock, random: realRandom },
  );
});

afterEach(async () => {
  watches.close();
  await registry.close();
});

function put(key: string, value: string): Promise<boolean> {
  return registry.kvPut({
    key: Buffer.from(key).toString('latin1'),
    value: Buffer.from(value).toString('base64'),
    flags: 0n,
    mode: { type: 'set' },
  });
}

const seen = (): unknown[] =>
  updates.map(({ added, changed, removed, entries }) => ({
    added,
    changed,
    removed,
    now: Object.fromEntries(Array.from(entries, ([key, { text }]) => [key, text])),
  }));

test('the present state comes first, then every change of the prefix and of nothing else', async () => {
  await put('config/é', 'old');
  const stop = watches.listen('kv', 'config/', (update) => updates.push(update));
  await expect.poll(seen).toEqual([{ added: ['config/é'], changed: [], removed: [], now: { 'config/é': 'old' } }]);
  await put('other', 'x');
  await put('config/b', '1');
  await put('config/é', 'new');
  await registry.kvDelete({ key: 'config/b', mode: { type: 'key' } });
  await expect.poll(() => updates.at(-1)?.removed).toEqual(['config/b']);
  expect(updates.map(({ scope, source }) => `${source} ${scope}`)).toEqual(updates.map(() => 'kv config/'));
  expect(Object.keys((seen().at(-1) as { now: object }).now)).toEqual(['config/é']);
  stop();
  const before = updates.length;
  await put('config/c', '1');
  expect(updates.length).toBe(before);
});

test('the same value written again tells nothing', async () => {
  await put('config/a', '1');
  watches.listen('kv', 'config/', (update) => updates.push(update));
  await expect.poll(() => updates.length).toBe(1);
  await put('config/a', '1');
  await put('config/z', '1');
  await expect.poll(() => updates.length).toBe(2);
  expect(updates[1]).toMatchObject({ added: ['config/z'], changed: [] });
});

test('a second listener of the same prefix is told of what is there, without a second watch', async () => {
  await put('config/a', '1');
  watches.listen('kv', 'config/', (update) => updates.push(update));
  await expect.poll(() => updates.length).toBe(1);
  watches.listen('kv', 'config/', (update) => updates.push(update));
  expect(updates.length).toBe(2);
  expect(updates[1]?.added).toEqual(['config/a']);
});

test('configuration entries of a kind', async () => {
  watches.listen('config', 'service-defaults', (update) => updates.push(update));
  await registry.putConfig('service-defaults', 'web', { Protocol: 'http' });
  await registry.putConfig('proxy-defaults', 'global', {});
  await expect.poll(seen).toEqual([{ added: ['web'], changed: [], removed: [], now: { web: '{"Protocol":"http"}' } }]);
});
