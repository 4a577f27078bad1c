import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ServiceEndpoint } from '../model/index.js';
import { differences, sameEndpoints } from './endpoint-sets.js';

const base: ServiceEndpoint = {
  id: 'a',
  service: 'api',
  address: '10.0.0.1',
  port: 80,
  healthy: true,
  status: 'passing',
  tags: ['v1', 'v2'],
  metadata: { version: '1.0.0' },
  node: 'n1',
  datacenter: 'dc1',
  locality: { region: 'eu', zone: 'a' },
  weight: 1,
};
const endpoint = fc.record({
  id: fc.constantFrom('a', 'b', 'c'),
  port: fc.constantFrom(1, 2),
  weight: fc.constantFrom(1, 2),
  tags: fc.constantFrom(['v1'], ['v2'], []),
});
const sets = fc.array(
  endpoint.map((fields): ServiceEndpoint => ({ ...base, ...fields })),
  { maxLength: 6 },
);

test.each<[string, Partial<ServiceEndpoint>]>([
  ['status', { status: 'warning', healthy: false }],
  ['port', { port: 81 }],
  ['weight', { weight: 2 }],
  ['tags', { tags: ['v1'] }],
  ['metadata', { metadata: { version: '1.0.1' } }],
  ['other metadata', { metadata: { version: '1.0.0', more: '' } }],
  ['other keys', { metadata: { constructor: '1.0.0' } }],
  ['zone', { locality: { region: 'eu', zone: 'b' } }],
  ['datacenter', { datacenter: 'dc2' }],
])('sets differ by %s', (_, fields) => {
  expect(sameEndpoints([base], [{ ...base, ...fields }])).toBe(false);
});

test('copies are the same, and when they were checked does not count', () => {
  const copy = { ...structuredClone(base), lastCheck: new Date(0) };
  expect(sameEndpoints([base], [copy])).toBe(true);
});

test('order does not count', () => {
  const other = { ...base, id: 'b' };
  expect(sameEndpoints([base, other], [{ ...other }, { ...base }])).toBe(true);
});

test('the differences turn one set into the other', () => {
  fc.assert(
    fc.property(sets, sets, (before, after) => {
      const { added, removed, changed } = differences(before, after);
      const left = [...before];
      for (const gone of removed) left.splice(left.indexOf(gone), 1);
      for (const { before: old, after: now } of changed) left.splice(left.indexOf(old), 1, now);
      expect(sameEndpoints([...left, ...added], after)).toBe(true);
      expect(sameEndpoints(before, after)).toBe(added.length + removed.length + changed.length === 0);
      expect(sameEndpoints(after, before)).toBe(sameEndpoints(before, after));
    }),
  );
});
