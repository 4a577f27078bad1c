import { describe, expect, test } from 'vitest';
import { limits } from '../../model/index.js';
import type { Connection } from '../../runtime/index.js';
import { noise } from '../../testing/damaged-bytes.js';
import { ACCEPTOR_HOST, DIALER_HOST, memberInfo, PeerWorld } from '../../testing/peer-pair.js';
import type { PeerOptions } from '../../testing/peer-pair.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { marked, marks, preamble } from './hello.js';
import { frameHead } from './frames.js';
import { openPeerConnection } from './introduction.js';
import { PeerKeys } from './peer-keys.js';
import type { PeerHello, Refusal } from './types.js';

const KEY_A = Buffer.alloc(32, 1).toString('base64');
const KEY_B = Buffer.alloc(32, 2).toString('base64');

const versions = (min: number, max: number): PeerOptions => ({ self: memberInfo('x', { protocol: { min, max } }) });
const keysOf = (key: string | undefined): PeerOptions => (key === undefined ? {} : { keys: new PeerKeys([key]) });

/** What either side's log would say. */
async function refusals(dialer: PeerOptions, acceptor: PeerOptions): Promise<string[]> {
  const results = await new PeerWorld().introduce(dialer, acceptor);
  return results.map((result) => (result.status === 'rejected' ? (result.reason as Error).message : 'let in'));
}

describe('two agents that suit each other', () => {
  test('know who the other is', async () => {
    const asked: PeerHello[] = [];
    const admit = (hello: PeerHello): undefined => void asked.push(hello);
    const { a, b } = await new PeerWorld().pair({ admit }, { admit });
    expect(a.connection).toMatchObject({
      role: 'dialer',
      peer: memberInfo('b'),
      protocol: 1,
      remote: { host: ACCEPTOR_HOST },
    });
    expect(b.connection).toMatchObject({
      role: 'acceptor',
      peer: memberInfo('a'),
      protocol: 1,
      remote: { host: DIALER_HOST },
    });
    expect(asked.map(({ member }) => member.node).sort()).toEqual(['a', 'b']);
    expect(asked.every(({ encrypted, protocol }) => !encrypted && protocol === 1)).toBe(true);
  });

  test('talk only once both have let the other in', async () => {
    const world = new PeerWorld();
    const { dialer, acceptor } = await world.bare();
    const open: string[] = [];
    const admit = (): Promise<undefined> => world.clock.sleep(1_000).then(() => undefined);
    const both = [
      openPeerConnection(world.options(dialer, 'dialer')).then(() => open.push('dialer')),
      openPeerConnection(world.options(acceptor, 'acceptor', { admit })).then(() => open.push('acceptor')),
    ];
    await world.clock.advance(100);
    expect(open).toEqual([]);
    await world.clock.advance(1_000);
    await Promise.all(both);
    expect(open.sort()).toEqual(['acceptor', 'dialer']);
  });

  test('use the largest version of the protocol that both speak', async () => {
    const { a, b } = await new PeerWorld().pair(versions(1, 4), versions(2, 3));
    expect([a.connection.protocol, b.connection.protocol]).toEqual([3, 3]);
  });

  test('with keys, of which each has that of the other', async () => {
    const keys = new PeerKeys([KEY_A, KEY_B]);
    const other = new PeerKeys([KEY_B, KEY_A]);
    const { a, b } = await new PeerWorld().pair({ keys }, { keys: other });
    expect([a.connection.report().encrypted, b.connection.report().encrypted]).toEqual([true, true]);
  });

  test('leave no timer behind', async () => {
    const world = new PeerWorld();
    await world.pair();
    expect(world.clock.pending).toBe(0);
  });
});

describe('both sides can say why there is no connection', () => {
  const name: Refusal = { code: 'name', reason: 'the node name a belongs to another' };

  test('one does not let the other in', async () => {
    expect(await refusals({}, { admit: () => name })).toEqual([
      `b at ${ACCEPTOR_HOST}:32768: refused by it: ${name.reason}`,
      `a at ${DIALER_HOST}:32769: refused: ${name.reason}`,
    ]);
  });

  test('the code and who decided are in the details', async () => {
    const [dialer, acceptor] = await new PeerWorld().introduce({}, { admit: async () => name });
    const details = { refusal: name, evidence: 'closed' };
    expect(dialer).toMatchObject({
      reason: { code: 'CONFLICT', details: { ...details, by: 'them', member: memberInfo('b') } },
    });
    expect(acceptor).toMatchObject({
      reason: { code: 'CONFLICT', details: { ...details, by: 'us', member: memberInfo('a') } },
    });
  });

  test('no version of the protocol in common', async () => {
    const [mine, theirs] = await refusals(versions(2, 3), {});
    expect(mine).toContain('it speaks version 1 of the peer protocol, this agent versions 2 to 3');
    expect(theirs).toContain('it speaks versions 2 to 3 of the peer protocol, this agent version 1');
  });

  test.each<[string, string | undefined, string | undefined, string, string]>([
    ['only one has a key', KEY_A, undefined, 'this agent has a gossip key', 'this agent has no gossip key'],
    ['only the other has a key', undefined, KEY_A, 'this agent has no gossip key', 'this agent has a gossip key'],
    [
      'they have different keys',
      KEY_A,
      KEY_B,
      'a key that this agent does not have',
      'a key that this agent does not have',
    ],
  ])('%s', async (_, one, other, mine, theirs) => {
    const said = await refusals(keysOf(one), keysOf(other));
    expect(said[0]).toContain(mine);
    expect(said[1]).toContain(theirs);
  });

  test('only one of them has the primary key of the other', async () => {
    const said = await refusals({ keys: new PeerKeys([KEY_A, KEY_B]) }, { keys: new PeerKeys([KEY_B]) });
    expect(said[0]).toContain('refused by it: its frames are encrypted with a key that this agent does not have');
    expect(said[1]).toContain('refused: its frames are encrypted with a key that this agent does not have');
  });

  test('a reason is one line, whatever was sent', async () => {
    const reason = `first\nsecond\u001b[31m ${'x'.repeat(1_000)}`;
    const [mine = ''] = await refusals({}, { admit: () => ({ code: 'other', reason }) });
    expect(mine).toContain('first second [31m x');
    expect(mine.length).toBeLessThan(limits.peerReasonChars + 100);
  });

  test('an admission that fails is what it failed with', async () => {
    const [mine, theirs] = await refusals({}, { admit: () => Promise.reject(new Error('the disk is full')) });
    expect(theirs).toBe('the disk is full');
    expect(mine).toContain('ended during the introduction');
  });
});

/** What an agent does when somebody connects and sends this, piece by piece. */
async function meet(
  pieces: readonly Uint8Array[],
  everyMs = 0,
): Promise<{ error: Error; afterMs: number; heard: string }> {
  const world = new PeerWorld();
  const { dialer, acceptor } = await world.bare();
  let heard = '';
  dialer.start({
    data: (bytes) => void (heard += Buffer.from(bytes).toString('latin1')),
    drained: () => {},
    ended: () => {},
  });
  const began = world.clock.now();
  let afterMs = -1;
  const failed = openPeerConnection(world.options(acceptor, 'acceptor')).then(
    () => expect.unreachable(),
    (error: Error) => {
      afterMs = world.clock.now() - began;
      return error;
    },
  );
  for (const piece of pieces) {
    dialer.write(piece);
    await world.clock.advance(everyMs);
  }
  await world.clock.advance(10_000);
  const error = await failed;
  expect(world.network.connections).toBe(0);
  expect(world.clock.pending).toBe(0);
  return { error, afterMs, heard };
}

const PREAMBLE = preamble({ isEncrypted: false, salt: new Uint8Array(16) });
const hello = (said: unknown): Uint8Array => {
  const content = marked(marks.hello, said);
  return Buffer.concat([frameHead(0, content.length), content]);
};

describe('whoever is no agent', () => {
  test('gets not a word when it speaks something else', async () => {
    const { error, heard } = await meet([Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')]);
    expect(error).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('does not speak the peer protocol'),
    });
    expect(heard.length).toBe(PREAMBLE.length);
  });

  test('is left when its time is up', async () => {
    const silent = await meet([]);
    expect(silent.error.message).toContain('no introduction within 5000 ms');
    expect(silent.afterMs).toBe(5_000);
  });

  test('is left when its time is up though it sends a byte now and then', async () => {
    const all = Buffer.concat([PREAMBLE, hello({ member: memberInfo('a') })]);
    const { error, afterMs } = await meet(
      Array.from({ length: 40 }, (_, at) => all.subarray(at, at + 1)),
      500,
    );
    expect(error).toMatchObject({ details: { evidence: 'timeout' } });
    expect(afterMs).toBe(5_000);
  });

  test('is refused when it announces more than an introduction has', async () => {
    const { error, heard } = await meet([PREAMBLE, frameHead(0, limits.peerHelloBytes * 2), new Uint8Array(100)]);
    expect(error.message).toContain('a frame of');
    expect(heard).toContain('malformed');
  });

  test('is refused when it sends more than it announced before it is let in', async () => {
    const world = new PeerWorld();
    const { dialer, acceptor } = await world.bare();
    dialer.start({ data: () => {}, drained: () => {}, ended: () => {} });
    const admit = (): Promise<undefined> => world.clock.sleep(1_000).then(() => undefined);
    const opened = openPeerConnection(world.options(acceptor, 'acceptor', { admit }));
    opened.catch(() => {});
    dialer.write(PREAMBLE);
    dialer.write(hello({ member: memberInfo('a'), inflates: true, keyIds: [] }));
    for (let sent = 0; sent < 100; sent++) dialer.write(new Uint8Array(64 * 1024));
    await world.clock.advance(2_000);
    await expect(opened).rejects.toThrow('more than was allowed');
  });

  test.each<[string, unknown]>([
    ['nothing', {}],
    ['null', null],
    ['no member', { member: 'x' }],
    ['no versions', { member: { ...memberInfo('a'), protocol: undefined } }],
    ['an origin that ends in the name of a stream', { member: memberInfo('a', { origin: 'a/state' }) }],
    ['a node name with a NUL', { member: memberInfo('a\0b') }],
    ['a node name that is no Unicode', { member: memberInfo('a', { node: '\ud800' }) }],
    ['a port that is none', { member: memberInfo('a', { port: 1e9 }) }],
    ['successions without end', { member: memberInfo('a', { succeeds: Array.from({ length: 1_000 }, String) }) }],
  ])('is refused when its introduction has %s', async (_, said) => {
    const { error } = await meet([PREAMBLE, hello(said)]);
    expect(error).toMatchObject({ code: 'CONFLICT', details: { by: 'us', refusal: { code: 'malformed' } } });
  });

  test('is refused, or runs into its deadline, whatever it sends', async () => {
    const random = seededRandom(3);
    for (let turn = 0; turn < 30; turn++) {
      const pieces = Array.from({ length: 5 }, () => noise(200, random));
      const { error } = await meet(turn % 2 === 0 ? pieces : [PREAMBLE, ...pieces]);
      expect(error).toMatchObject({ name: 'ServiceDiscoveryError' });
    }
  });
});

test('an end of the connection is told as the evidence it is', async () => {
  const world = new PeerWorld();
  const { dialer, acceptor } = await world.bare();
  const opened = openPeerConnection(world.options(dialer, 'dialer'));
  opened.catch(() => {});
  acceptor.destroy();
  await world.clock.advance(100);
  await expect(opened).rejects.toMatchObject({ code: 'UNAVAILABLE', details: { by: 'network' } });
});

/** Everything that one side sends to the other. */
function recorded(connection: Connection, into: Uint8Array[]): Connection {
  return new Proxy(connection, {
    get: (target, property) => {
      if (property === 'write') {
        return (bytes: Uint8Array): void => {
          into.push(bytes.slice());
          target.write(bytes);
        };
      }
      const value: unknown = Reflect.get(target, property);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

test('what was recorded on one connection is no introduction on another', async () => {
  const world = new PeerWorld();
  const keys = new PeerKeys([KEY_A]);
  const first = await world.bare();
  const sent: Uint8Array[] = [];
  const opened = [
    openPeerConnection(world.options(recorded(first.dialer, sent), 'dialer', { keys })),
    openPeerConnection(world.options(first.acceptor, 'acceptor', { keys })),
  ];
  await world.clock.advance(100);
  await Promise.all(opened);
  expect(Buffer.concat(sent).includes('00000000-0000-4000')).toBe(false);

  const second = await world.bare();
  const replayed = openPeerConnection(world.options(second.acceptor, 'acceptor', { keys }));
  replayed.catch(() => {});
  for (const bytes of sent) second.dialer.write(bytes);
  await world.clock.advance(100);
  await expect(replayed).rejects.toMatchObject({ details: { refusal: { code: 'key' } } });
});
