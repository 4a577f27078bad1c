import { array, assert, property, string, uniqueArray } from 'fast-check';
import { expect, test } from 'vitest';
import { SortedList } from './sorted-list.js';

function listOf(keys: readonly string[]): SortedList<{ readonly key: string }> {
  const list = new SortedList<{ readonly key: string }>();
  for (const key of keys) list.insert({ key });
  return list;
}

test('a prefix lists what begins with it, in byte order', () => {
  const keys = uniqueArray(string({ unit: 'binary', maxLength: 4 }), { maxLength: 60 });
  assert(
    property(keys, array(string({ unit: 'binary', maxLength: 2 }), { maxLength: 5 }), (keys, prefixes) => {
      const list = listOf(keys);
      for (const prefix of ['', ...prefixes]) {
        const under = keys.filter((key) => key.startsWith(prefix)).sort();
        expect(list.under(prefix).map((item) => item.key)).toEqual(under);
      }
    }),
  );
});

test.each([
  ['ascending', (at: number) => at],
  ['descending', (at: number) => 5000 - at],
  ['scattered', (at: number) => (at * 1777) % 5003],
])('stays sorted over many chunks of %s keys, and after most are dropped', (_, place) => {
  const keys = Array.from({ length: 5000 }, (__, at) => `k/${String(place(at)).padStart(6, '0')}`);
  const list = listOf(keys);
  const sorted = keys.toSorted();
  expect(list.under('').map((item) => item.key)).toEqual(sorted);
  expect(list.under('k/0012').map((item) => item.key)).toEqual(sorted.filter((key) => key.startsWith('k/0012')));
  const kept = new Set(sorted.filter((_key, at) => at % 700 === 3));
  list.retain((item) => kept.has(item.key));
  list.insert({ key: 'k/' });
  list.insert({ key: 'z' });
  expect(list.under('').map((item) => item.key)).toEqual(['k/', ...kept, 'z']);
  expect(listOf([]).under('a')).toEqual([]);
});
