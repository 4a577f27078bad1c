import { expect, test } from 'vitest';
import { SplitBrainProtection, type MembersSource } from './split-brain-protection.js';

const cluster = (...statuses: number[]): MembersSource => ({
  members: async () => ({ value: statuses.map((Status) => ({ Status })) }),
});

test.each([
  [[1, 1, 1], undefined, true],
  [[1, 1, 1, 4], undefined, true],
  [[1, 1, 4], undefined, false],
  [[1, 1, 2], undefined, false],
  [[1, 1, 3], undefined, false],
  [[], undefined, false],
  [[1], 1, true],
  [[1, 1, 1, 1], 5, false],
])('members %j with minNodes %s: %s', async (statuses, minNodes, healthy) => {
  const options = minNodes === undefined ? {} : { minNodes };
  expect(await new SplitBrainProtection(cluster(...statuses), options).checkClusterHealth()).toBe(healthy);
});

test('a member that its agent suspects does not count', async () => {
  const alive = { Status: 1, Tags: {} };
  const suspect: { Status: number; Tags: Record<string, string> } = { Status: 1, Tags: { suspect: 'silent' } };
  const source: MembersSource = { members: async () => ({ value: [alive, { ...alive, Tags: null }, suspect] }) };
  expect(await new SplitBrainProtection(source).checkClusterHealth()).toBe(false);
  expect(await new SplitBrainProtection(source, { minNodes: 2 }).checkClusterHealth()).toBe(true);
});

test('an agent that cannot be asked is no healthy cluster', async () => {
  const protection = new SplitBrainProtection({ members: () => Promise.reject(new Error('refused')) });
  expect(await protection.checkClusterHealth()).toBe(false);
});

test('the call’s bounds are handed on', async () => {
  let seen: unknown;
  const source: MembersSource = { members: async (options) => ((seen = options), { value: [] }) };
  await new SplitBrainProtection(source).checkClusterHealth({ timeoutMs: 5 });
  expect(seen).toEqual({ timeoutMs: 5 });
});

const REFUSED: readonly object[] = [{ minNodes: 0 }, { minNodes: 1.5 }, { minNode: 3 }];
test.each(REFUSED)('%j is refused', (options) => {
  expect(() => new SplitBrainProtection(cluster(), options)).toThrow(/SplitBrainProtection: /);
});
