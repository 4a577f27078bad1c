import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { limits, refOf } from '../../model/index.js';
import type { Row } from '../../model/index.js';
import type { Connection } from '../../runtime/index.js';
import { realClock, tcpNetwork } from '../../runtime/index.js';
import type { PeerConnectionOptions } from './types.js';
import { DIALER_HOST, ACCEPTOR_HOST, Peer, PeerWorld } from '../../testing/peer-pair.js';
import type { PeerOptions } from '../../testing/peer-pair.js';
import { sampleRows } from '../../testing/sample-rows.js';
import type { DeltaMessage, Message, Priority } from '../messages.js';
import { defaultSyncSettings } from '../settings.js';
import { encodeMessage } from '../wire/message.js';
import { frameHead } from './frames.js';
import { openPeerConnection } from './introduction.js';
import { PeerKeys } from './peer-keys.js';

const ORIGIN = '7c7a39f4-5d5c-4f46-9a7e-4f0c2b1f1a01';
const KEYS = ['a', 'b', 'c'].map((letter) => Buffer.alloc(32, letter).toString('base64')) as [string, string, string];
const beat = (count: number): Message => ({ type: 'beat', inc: 1, beat: count, health: 0, sentMs: 0, echoMs: 0 });

/** A delta that takes about so many bytes, not to be compressed. */
function delta(ver: number, bytes = 100): DeltaMessage {
  const output = Array.from({ length: bytes }, (_, at) =>
    String.fromCharCode(33 + ((at * 7919 + ver * 104_729) % 90)),
  ).join('');
  const row = { ...sampleRows.find(({ kind }) => kind === 'check'), output } as Row;
  return {
    type: 'delta',
    stream: ORIGIN,
    inc: 1,
    prev: ver - 1,
    to: ver,
    end: ver,
    gc: 0,
    index: 0,
    records: [{ ref: refOf(row), ver, hlc: 0, row }],
  };
}

const settings = (fields: Partial<typeof defaultSyncSettings>): PeerOptions => ({
  settings: { ...defaultSyncSettings, ...fields },
});

describe('messages', () => {
  test.each<[string, PeerOptions]>([
    ['in the clear', {}],
    ['encrypted', { keys: new PeerKeys([KEYS[0]]) }],
    ['never compressed', settings({ compression: 'off' })],
    ['always compressed', settings({ compression: 'on' })],
    ['encrypted and compressed', { keys: new PeerKeys([KEYS[0]]), ...settings({ compression: 'on' }) }],
  ])('arrive both ways, in order: %s', async (_, options) => {
    const world = new PeerWorld();
    const { a, b } = await world.pair(options, options);
    const sent = Array.from({ length: 50 }, (_, at) => (at % 3 === 0 ? beat(at) : delta(at, at * 40)));
    for (const message of sent) {
      expect(a.connection.send(message, 'control')).toBe(true);
      expect(b.connection.send(message, 'control')).toBe(true);
    }
    await world.clock.advance(1_000);
    expect(b.messages).toEqual(sent);
    expect(a.messages).toEqual(sent);
  });

  test('that came before the start are kept', async () => {
    const world = new PeerWorld();
    const { a, b } = await world.connections();
    a.send(beat(1), 'control');
    a.close();
    await world.clock.advance(100);
    const peer = new Peer(b);
    await world.clock.advance(1);
    expect(peer.messages).toEqual([beat(1)]);
    expect(peer.ends).toEqual([{ evidence: 'closed', by: 'network' }]);
  });

  test('of one turn go most urgent first', async () => {
    const world = new PeerWorld();
    const { a, b } = await world.pair();
    const order: [Message, Priority][] = [
      [delta(1), 'bulk'],
      [delta(2), 'metadata'],
      [delta(3), 'registration'],
      [delta(4), 'health'],
      [delta(5), 'tombstone'],
      [beat(6), 'control'],
    ];
    for (const [message, priority] of order) a.connection.send(message, priority);
    await world.clock.advance(10);
    expect(b.messages).toEqual(order.map(([message]) => message).toReversed());
  });

  test('that are large are read one after another, however they are cut', async () => {
    const world = new PeerWorld();
    const { a, b } = await world.pair();
    const large: Message = { type: 'call', id: 1, method: 'x', args: 'y'.repeat(3 * 1024 * 1024) };
    a.connection.send(large, 'control');
    a.connection.send(beat(1), 'control');
    await world.clock.advance(5_000);
    expect(b.messages).toEqual([large, beat(1)]);
  });

  test('are counted at both ends', async () => {
    const world = new PeerWorld();
    const { a, b } = await world.pair();
    for (let at = 1; at <= 10; at++) a.connection.send(delta(at), 'health');
    await world.clock.advance(100);
    const [from, to] = [a.connection.report(), b.connection.report()];
    expect(to).toMatchObject({ receivedBytes: from.sentBytes, sentBytes: from.receivedBytes, receivedFrames: 10 });
    expect(to.receivedPlainBytes).toBe(from.sentPlainBytes);
    expect(from).toMatchObject({
      sentFrames: 10,
      queuedBytes: 0,
      droppedFrames: 0,
      encrypted: false,
      compression: 'on',
    });
    expect(from.sentBytes).toBeLessThan(from.sentPlainBytes + 1_000);
  });
});

describe('a peer that does not read', () => {
  test('costs bounded memory, and misses the newest deltas only', async () => {
    const world = new PeerWorld();
    const { a, b } = await world.pair(settings({ queueBytes: 200_000, compression: 'off' }));
    world.network.pause(ACCEPTOR_HOST);
    const taken: number[] = [];
    for (let ver = 1; ver <= 500; ver++) {
      if (a.connection.send(delta(ver, 2_000), 'registration')) taken.push(ver);
      await world.clock.advance(1);
      expect(a.connection.report().queuedBytes).toBeLessThanOrEqual(200_000);
    }
    expect(a.connection.report().droppedFrames).toBe(500 - taken.length);
    expect(taken).toEqual(taken.map((_, at) => at + 1));
    world.network.resume(ACCEPTOR_HOST);
    await world.clock.advance(1_000);
    expect(b.messages.map((message) => (message as DeltaMessage).to)).toEqual(taken);
  });

  test('still gets what is urgent first, once it reads', async () => {
    const world = new PeerWorld();
    const { a, b } = await world.pair(settings({ compression: 'off' }));
    world.network.pause(ACCEPTOR_HOST);
    for (let ver = 1; ver <= 500; ver++) {
      a.connection.send(delta(ver, 2_000), 'registration');
      await world.clock.advance(1);
    }
    a.connection.send(beat(1), 'control');
    world.network.resume(ACCEPTOR_HOST);
    await world.clock.advance(1_000);
    const place = b.messages.findIndex(({ type }) => type === 'beat');
    expect(b.messages.length).toBe(501);
    // Behind what the systems at both ends had taken, and no more.
    expect(place).toBeLessThan(((64 + 2 * 64) * 1024) / 2_000);
  });

  test('is left when even control messages are too many for it', async () => {
    const world = new PeerWorld();
    const { a } = await world.pair(settings({ queueBytes: 1_000, compression: 'off' }));
    world.network.pause(ACCEPTOR_HOST);
    const call: Message = { type: 'call', id: 1, method: 'x', args: 'y'.repeat(1024 * 1024) };
    let sent = 0;
    while (a.connection.send(call, 'control') && sent < 100) {
      sent++;
      await world.clock.advance(1);
    }
    await world.clock.advance(1);
    expect(sent).toBeLessThan(8);
    expect(a.ends).toEqual([{ evidence: 'closed', by: 'us', refusal: expect.objectContaining({ code: 'busy' }) }]);
    expect(a.connection.send(beat(1), 'control')).toBe(false);
  });

  test('that catches up is given bulk at its pace, and everything else at once', async () => {
    const world = new PeerWorld();
    const { a, b } = await world.pair(settings({ bulkBytesPerSecond: 100_000, compression: 'off' }));
    for (let ver = 1; ver <= 100; ver++) a.connection.send(delta(ver, 10_000), 'bulk');
    await world.clock.advance(2_000);
    const received = b.messages.length;
    expect(received).toBeGreaterThanOrEqual(20);
    expect(received).toBeLessThanOrEqual(23);
    a.connection.send(delta(1_000), 'health');
    await world.clock.advance(2);
    expect(b.messages.at(-1)).toEqual(delta(1_000));
    await world.clock.advance(9_000);
    expect(b.messages.length).toBe(101);
    expect(world.clock.pending).toBe(0);
  });
});

describe('an end', () => {
  test('after a reason is told to both', async () => {
    const world = new PeerWorld();
    const { a, b } = await world.pair({ keys: new PeerKeys([KEYS[0]]) }, { keys: new PeerKeys([KEYS[0]]) });
    const refusal = { code: 'stopping', reason: 'the agent stops' };
    a.connection.send(beat(1), 'control');
    a.connection.close(refusal);
    a.connection.close();
    await world.clock.advance(100);
    expect(b.messages).toEqual([beat(1)]);
    expect(a.ends).toEqual([{ evidence: 'closed', by: 'us', refusal }]);
    expect(b.ends).toEqual([{ evidence: 'closed', by: 'them', refusal }]);
    expect([world.clock.pending, world.network.connections]).toEqual([0, 0]);
  });

  test('that nobody announced is evidence', async () => {
    const world = new PeerWorld();
    const { a, b } = await world.pair();
    world.network.forget(DIALER_HOST, ACCEPTOR_HOST);
    b.connection.send(beat(1), 'control');
    await world.clock.advance(100);
    expect(a.ends).toEqual([{ evidence: 'failed', by: 'network' }]);
    expect(b.ends).toEqual([{ evidence: 'reset', by: 'network' }]);
  });

  test('comes after what was received before it', async () => {
    const world = new PeerWorld();
    const { a, b } = await world.pair();
    for (let count = 0; count < 100; count++) a.connection.send(beat(count), 'control');
    a.connection.close();
    await world.clock.advance(100);
    expect(b.messages.length).toBe(100);
    expect(b.ends.length).toBe(1);
  });

  test('by a handler stops what was received after', async () => {
    const world = new PeerWorld();
    const { a, b } = await world.connections();
    const got: Message[] = [];
    b.start({
      message: (message) => {
        got.push(message);
        b.destroy();
      },
      ended: () => {},
    });
    for (let count = 0; count < 10; count++) a.send(beat(count), 'control');
    await world.clock.advance(100);
    expect(got).toEqual([beat(0)]);
  });
});

test('agents talk over real sockets as well', async () => {
  const keys = new PeerKeys([KEYS[0]]);
  const heard: Message[] = [];
  const options = (connection: Connection, role: 'dialer' | 'acceptor'): PeerConnectionOptions => ({
    ...new PeerWorld().options(connection, role, { keys }),
    clock: realClock,
  });
  const listener = await tcpNetwork.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
    void openPeerConnection(options(connection, 'acceptor')).then((peer) => {
      peer.start({
        message: (message) => void (heard.push(message) && peer.send(message, 'control')),
        ended: () => {},
      });
    });
  });
  const dialled = await tcpNetwork.dial(listener.address, { timeoutMs: 5_000 });
  const peer = await openPeerConnection(options(dialled, 'dialer'));
  const back = await new Promise<Message>((resolve) => {
    peer.start({ message: resolve, ended: () => {} });
    peer.send(delta(1), 'registration');
  });
  expect([back, ...heard]).toEqual([delta(1), delta(1)]);
  peer.destroy();
  await listener.close();
});

/** A peer connection whose other side writes what it likes. */
async function withForger(): Promise<{ world: PeerWorld; forger: Connection; peer: Peer }> {
  const world = new PeerWorld();
  const { dialer, acceptor } = await world.bare();
  const opened = [
    openPeerConnection(world.options(dialer, 'dialer')),
    openPeerConnection(world.options(acceptor, 'acceptor')),
  ];
  await world.clock.advance(100);
  const [own, other] = await Promise.all(opened);
  own?.start({ message: () => {}, ended: () => {} });
  return { world, forger: dialer, peer: new Peer(other as NonNullable<typeof other>) };
}

const frame = (content: Uint8Array, flags = 0): Uint8Array =>
  Buffer.concat([frameHead(flags, content.length), content]);

describe('what a peer may send', () => {
  test('a message that cannot be read is dropped, one of a later version passed over, and both counted', async () => {
    const { world, forger, peer } = await withForger();
    forger.write(frame(Uint8Array.of(1, 255, 255, 255)));
    forger.write(frame(Uint8Array.of(200, 1, 2)));
    forger.write(frame(Uint8Array.of(0xff)));
    forger.write(frame(new Uint8Array()));
    forger.write(frame(encodeMessage(beat(1))));
    await world.clock.advance(100);
    expect(peer.messages).toEqual([beat(1)]);
    expect(peer.connection.report()).toMatchObject({ malformedMessages: 2, unknownMessages: 2 });
    expect(peer.ends).toEqual([]);
  });

  test.each<[string, Uint8Array]>([
    ['a frame that is too long', frameHead(0, limits.peerFrameBytes + 1_000)],
    ['a head without end', new Uint8Array(10).fill(255)],
    ['what is not deflated', frame(Uint8Array.of(1, 2, 3), 2)],
    ['a bomb', frame(deflateRawSync(new Uint8Array(2 * limits.peerFrameBytes)), 2)],
    ['a sealed frame where there is no key', frame(new Uint8Array(50), 1)],
  ])('%s ends the connection, with a reason', async (_, bytes) => {
    const { world, forger, peer } = await withForger();
    forger.write(bytes);
    forger.write(frame(encodeMessage(beat(1))));
    await world.clock.advance(2_000);
    expect(peer.messages).toEqual([]);
    expect(peer.ends).toEqual([
      { evidence: 'closed', by: 'us', refusal: expect.objectContaining({ code: 'malformed' }) },
    ]);
    expect(world.network.connections).toBe(0);
  });
});
