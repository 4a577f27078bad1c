import { expect, test } from 'vitest';
import { memberInfo } from '../../testing/member-world.js';
import { PeerKeys } from '../connection/peer-keys.js';
import type { Message } from '../messages.js';
import { ClusterKeyring, type StoredKeys } from './cluster-keyring.js';

type Ring = Message & { readonly type: 'keyring' };

const KEYS = [1, 2, 3].map((fill) => Buffer.alloc(32, fill).toString('base64')) as [string, string, string];
const [OLD, NEW, OTHER] = KEYS;

/** Rings of several agents that all hear each other, until one is cut off. */
function rings(...origins: string[]) {
  const all = new Map<string, ClusterKeyring>();
  const stored = new Map<string, StoredKeys>();
  const cut = new Set<string>();
  let wall = 1_000;
  for (const origin of origins) {
    const others = origins.filter((other) => other !== origin);
    const ring = new ClusterKeyring({
      keys: new PeerKeys([OLD]),
      at: 0,
      wall: () => wall,
      peers: () => (cut.has(origin) ? [] : others.filter((other) => !cut.has(other)).map((other) => memberInfo(other))),
      send: (to, message) => all.get(to)?.heard(origin, message),
      store: async (keys) => void stored.set(origin, keys),
      failed: (error) => {
        throw error;
      },
    });
    all.set(origin, ring);
  }
  const of = (origin: string): ClusterKeyring => all.get(origin) as ClusterKeyring;
  return { of, stored, cut, pass: (ms: number) => (wall += ms) };
}

test('a key is installed, used and the old one removed, everywhere and on every disk', async () => {
  const { of, stored, pass } = rings('a', 'b', 'c');
  await of('a').install(NEW);
  expect([of('b').keys, of('b').primary]).toEqual([[OLD, NEW], OLD]);
  expect(of('a').counts()).toEqual(
    new Map([
      [OLD, 3],
      [NEW, 3],
    ]),
  );
  pass(1);
  await of('b').use(NEW);
  await of('c').remove(OLD);
  for (const origin of ['a', 'b', 'c']) {
    expect([of(origin).keys, of(origin).primary]).toEqual([[NEW], NEW]);
    expect(stored.get(origin)).toMatchObject({ keys: [NEW], primary: NEW });
  }
});

test('who was away catches up, and does not bring the old ring back', async () => {
  const { of, cut } = rings('a', 'b', 'c');
  cut.add('c');
  await of('a').install(NEW);
  await of('a').use(NEW);
  expect(of('c').keys).toEqual([OLD]);
  cut.clear();
  of('a').connected(memberInfo('c'));
  of('c').connected(memberInfo('a'));
  for (const origin of ['a', 'b', 'c']) expect(of(origin).primary).toBe(NEW);
});

test('a later change wins; an earlier one, or one that makes no sense, is not taken over', async () => {
  const { of } = rings('a', 'b');
  await of('a').install(NEW);
  const ring = (fields: Partial<Ring>): Ring => ({
    type: 'keyring',
    keys: [OTHER],
    primary: OTHER,
    at: 9e12,
    ...fields,
  });
  for (const bad of [{ at: 1 }, { primary: NEW }, { keys: [] }, { keys: ['x'], primary: 'x' }]) {
    of('b').heard('a', ring(bad));
    expect(of('b').keys).toEqual([OLD, NEW]);
  }
  of('b').heard('a', ring({}));
  expect(of('b').keys).toEqual([OTHER]);
});

test('a key that cannot be kept is not told, and one that is none is refused', async () => {
  const sent: string[] = [];
  const ring = new ClusterKeyring({
    keys: new PeerKeys([OLD]),
    at: 0,
    wall: () => 1,
    peers: () => [memberInfo('b')],
    send: (to) => void sent.push(to),
    store: () => Promise.reject(new Error('disk full')),
    failed: () => {},
  });
  await expect(ring.install(NEW)).rejects.toThrow('disk full');
  await expect(ring.install('short')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(ring.remove(OLD)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(sent).toEqual([]);
});
