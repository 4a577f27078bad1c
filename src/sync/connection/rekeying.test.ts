import { describe, expect, test } from 'vitest';
import { ACCEPTOR_HOST, DIALER_HOST, PeerWorld } from '../../testing/peer-pair.js';
import type { Peer } from '../../testing/peer-pair.js';
import { damaged } from '../../testing/damaged-bytes.js';
import { seededRandom } from '../../testing/seeded-random.js';
import type { Message } from '../messages.js';
import { WireError } from '../wire/bytes.js';
import { PeerKeys } from './peer-keys.js';
import { Sealing } from './sealing.js';

const [A, B, C] = ['a', 'b', 'c'].map((letter) => Buffer.alloc(32, letter).toString('base64')) as [
  string,
  string,
  string,
];
const beat = (count: number): Message => ({ type: 'beat', inc: 1, beat: count, health: 0, sentMs: 0, echoMs: 0 });

interface Keyed {
  readonly world: PeerWorld;
  readonly keys: readonly [PeerKeys, PeerKeys];
  readonly a: Peer;
  readonly b: Peer;
}

async function keyed(one: readonly string[], other: readonly string[] = one): Promise<Keyed> {
  const keys = [new PeerKeys(one), new PeerKeys(other)] as const;
  const world = new PeerWorld();
  return { world, keys, ...(await world.pair({ keys: keys[0] }, { keys: keys[1] })) };
}

let said = 0;

/** Each hears the other, on the connection there was. */
async function expectToTalk({ world, a, b }: Keyed): Promise<void> {
  const message = beat(said++);
  expect([a.connection.send(message, 'control'), b.connection.send(message, 'control')]).toEqual([true, true]);
  await world.clock.advance(20);
  expect([a.ends, b.ends]).toEqual([[], []]);
  expect([a.messages.at(-1), b.messages.at(-1)]).toEqual([message, message]);
}

describe('the key of a connection that is up', () => {
  test('is changed on both sides, in any order, and back again', async () => {
    const both = await keyed([A]);
    await expectToTalk(both);
    for (const [first, second] of [both.keys, both.keys.toReversed()] as [PeerKeys, PeerKeys][]) {
      for (const key of [B, C, A]) {
        const before = first.primary;
        for (const keys of [first, second]) keys.install(key);
        await expectToTalk(both);
        first.use(key);
        await expectToTalk(both);
        second.use(key);
        await expectToTalk(both);
        for (const keys of [second, first]) keys.remove(before);
        await expectToTalk(both);
        expect([first.keys, second.keys]).toEqual([[key], [key]]);
      }
    }
    await both.world.clock.advance(60_000);
    await expectToTalk(both);
  });

  test('is changed everywhere at once, with frames on the way', async () => {
    const both = await keyed([A, B]);
    for (let turn = 0; turn < 40; turn++) {
      both.a.connection.send(beat(turn), 'control');
      both.b.connection.send(beat(turn), 'control');
      if (turn % 3 === 0) both.keys[0].use(turn % 2 === 0 ? B : A);
      if (turn % 4 === 0) both.keys[1].use(turn % 2 === 0 ? B : A);
      await both.world.clock.advance(0.1);
    }
    await both.world.clock.advance(100);
    expect([both.a.messages.length, both.b.messages.length]).toEqual([40, 40]);
    await expectToTalk(both);
  });

  test('stays as it was while the other side does not have the new one', async () => {
    const both = await keyed([A]);
    both.keys[0].install(B);
    both.keys[0].use(B);
    await expectToTalk(both);
    both.keys[1].install(B);
    await expectToTalk(both);
    both.keys[0].remove(A);
    both.keys[1].use(B);
    both.keys[1].remove(A);
    await expectToTalk(both);
  });

  test('when there is none that both have, the connection ends, and both know why', async () => {
    const both = await keyed([A]);
    both.keys[0].install(B);
    both.keys[0].use(B);
    both.keys[0].remove(A);
    await both.world.clock.advance(2_000);
    const refusal = { code: 'key', reason: 'there is no gossip key that both agents have' };
    for (const { ends } of [both.a, both.b]) expect(ends).toMatchObject([{ refusal }]);
    expect(both.world.clock.pending).toBe(0);
  });

  test('that was removed is not accepted for long from who does not hear of it', async () => {
    const both = await keyed([A, B]);
    // What is told about the keys does not get there.
    both.world.network.cutOneWay(DIALER_HOST, ACCEPTOR_HOST);
    both.keys[0].use(B);
    both.keys[0].remove(A);
    await both.world.clock.advance(4_000);
    both.b.connection.send(beat(1), 'control');
    await both.world.clock.advance(500);
    expect(both.a.messages).toEqual([beat(1)]);
    await both.world.clock.advance(5_000);
    expect(both.a.ends).toMatchObject([{ by: 'us', refusal: { code: 'key' } }]);
  });

  test('may change while the introduction is under way', async () => {
    const keys = [new PeerKeys([A]), new PeerKeys([A])] as const;
    const world = new PeerWorld();
    const admit = async (): Promise<undefined> => {
      keys[0].install(B);
      keys[0].use(B);
      await world.clock.sleep(10);
      keys[1].install(B);
      return undefined;
    };
    const { a, b } = await world.pair({ keys: keys[0], admit }, { keys: keys[1] });
    await expectToTalk({ world, keys, a, b });
    keys[0].remove(A);
    keys[1].use(B);
    keys[1].remove(A);
    await expectToTalk({ world, keys, a, b });
  });
});

describe('a keyring', () => {
  test('holds keys once, the primary among them', () => {
    const keys = new PeerKeys([A, B, A], B);
    expect([keys.keys, keys.primary]).toEqual([[B, A], B]);
  });

  test.each([
    ['short', 'AAAA'],
    ['no base64', 'x'.repeat(44)],
    ['nothing', ''],
  ])('refuses a key that is %s', (_, key) => {
    expect(() => new PeerKeys([key])).toThrow('a gossip key is the base64 text of 32 bytes');
    expect(() => new PeerKeys([A]).install(key)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  test('neither uses a key it does not have nor removes the one it uses', () => {
    const keys = new PeerKeys([A]);
    expect(() => keys.use(B)).toThrow('not in the keyring');
    expect(() => keys.remove(A)).toThrow('primary');
    expect(() => new PeerKeys([])).toThrow('at least one');
  });

  test('tells of changes, and of nothing else', () => {
    const keys = new PeerKeys([A]);
    let changes = 0;
    const ignore = keys.onChange(() => void changes++);
    keys.install(A);
    keys.use(A);
    keys.remove(C);
    expect(changes).toBe(0);
    keys.install(B);
    keys.use(B);
    keys.remove(A);
    ignore();
    keys.install(C);
    expect(changes).toBe(3);
  });
});

describe('a sealed frame', () => {
  const salts = [Buffer.alloc(16, 1), Buffer.alloc(16, 2)] as const;
  const ends = (key: string): [Sealing, Sealing] => {
    const both: [Sealing, Sealing] = [new Sealing('dialer', ...salts), new Sealing('acceptor', salts[1], salts[0])];
    for (const end of both) {
      end.sendWith(key);
      end.receiveWith(key);
    }
    return both;
  };
  const content = Buffer.from('the content of a frame');

  test('is sealed in a way that agents of other builds know', () => {
    const [dialer, acceptor] = ends(A);
    expect(dialer.idOf(A)).toBe('34de9e055a311c99');
    expect(Buffer.from(dialer.seal(1, content)).toString('hex')).toBe(
      '943530d97b293427cbbd80c36ff83accd1e99d288379dc1c83ca612a9fbf31af1861122f8b53',
    );
    expect(Buffer.from(acceptor.seal(1, content)).toString('hex')).toBe(
      '17672c192444de40d55f5c4bbc3f16d32d0e30b6c2bc49ce17111b2efb416ab6236b0758d41a',
    );
  });

  test('opens once, at its place, at the other end only', () => {
    const [dialer, acceptor] = ends(A);
    const [first, second] = [dialer.seal(1, content), dialer.seal(1, content)];
    expect(first).not.toEqual(second);
    expect(acceptor.open(1, first)).toEqual(content);
    expect(() => acceptor.open(1, first)).toThrow(WireError);
    const [, late] = ends(A);
    expect(() => late.open(1, second)).toThrow(WireError);
    const [self] = ends(A);
    expect(() => self.open(1, first)).toThrow(WireError);
  });

  test('does not open under another key, or with other flags', () => {
    const [dialer] = ends(A);
    const sealed = dialer.seal(1, content);
    expect(() => ends(B)[1].open(1, sealed)).toThrow(WireError);
    expect(() => ends(A)[1].open(3, sealed)).toThrow(WireError);
  });

  test('does not open damaged', () => {
    const random = seededRandom(9);
    for (let turn = 0; turn < 300; turn++) {
      const [dialer, acceptor] = ends(A);
      const sealed = dialer.seal(1, content);
      const changed = damaged(sealed, random);
      if (Buffer.compare(changed, sealed) !== 0) expect(() => acceptor.open(1, changed)).toThrow(WireError);
    }
  });

  test('is numbered on when a key is used again', () => {
    const [dialer, acceptor] = ends(A);
    const sealed = dialer.seal(1, content);
    acceptor.open(1, sealed);
    for (const key of [B, A]) {
      dialer.sendWith(key);
      acceptor.receiveWith(key);
    }
    expect(dialer.seal(1, content)).not.toEqual(sealed);
  });

  test('names its key differently on each connection', () => {
    const names = [salts, salts.toReversed() as [Buffer, Buffer]].map((pair) =>
      new Sealing('dialer', ...(pair as [Buffer, Buffer])).idOf(A),
    );
    expect(names[0]).not.toBe(names[1]);
    expect(ends(A)[0].idOf(A)).toBe(ends(A)[1].idOf(A));
  });
});
