import { describe, expect, test } from 'vitest';
import { isDiscoveryError } from '../model/index.js';
import { InMemoryDiscovery } from '../testing/in-memory-discovery.js';
import { discoverySource } from './discovery-source.js';

describe('the manager of the process', () => {
  test('is made at the first use, shared, and closed when the last user lets go', async () => {
    const [a, b] = [discoverySource(undefined), discoverySource(undefined)];
    const manager = a.get();
    expect(b.get()).toBe(manager);
    expect(a.get()).toBe(manager);
    await a.release();
    await a.release();
    await manager.resolution('orders').close();
    await b.release();
    expect(() => manager.resolution('orders')).toThrow(expect.toSatisfy((e) => isDiscoveryError(e, 'CLOSED')));
  });

  test('is made anew after that', async () => {
    const source = discoverySource(undefined);
    const first = source.get();
    await source.release();
    expect(source.get()).not.toBe(first);
    await source.release();
  });

  test('letting go of one that was never used makes none', async () => {
    await discoverySource(undefined).release();
  });
});

test('a manager given is its owner’s', async () => {
  const manager = new InMemoryDiscovery();
  const source = discoverySource(manager);
  expect(source.get()).toBe(manager);
  await source.release();
  expect(source.get()).toBe(manager);
});
