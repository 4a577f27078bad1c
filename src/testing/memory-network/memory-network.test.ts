import { describe, expect, test } from 'vitest';
import type { Connection, ConnectionEvidence } from '../../runtime/index.js';
import { FakeClock } from '../fake-clock.js';
import { networkSuite, type NetworkSubject } from '../network-suite.js';
import { seededRandom } from '../seeded-random.js';
import { MemoryNetwork } from './memory-network.js';

const A = '10.0.0.1';
const B = '10.0.0.2';
const PORT = 8301;

interface World {
  readonly clock: FakeClock;
  readonly network: MemoryNetwork;
}

function world(seed = 1): World {
  const clock = new FakeClock();
  return { clock, network: new MemoryNetwork({ clock, random: seededRandom(seed), giveUpMs: 60_000 }) };
}

async function until<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  const pending = { isSettled: false };
  const settled = (): void => void (pending.isSettled = true);
  promise.then(settled, settled);
  for (let ms = 0; !pending.isSettled && ms < 100_000; ms++) await clock.advance(1);
  return promise;
}

async function subject(): Promise<NetworkSubject> {
  const { clock, network } = world();
  const here = network.host(A);
  const there = network.host(B);
  network.host('10.0.0.9');
  network.cut(A, '10.0.0.9');
  return {
    here,
    there,
    host: B,
    silent: async () => ({ host: '10.0.0.9', port: PORT }),
    until: (promise) => until(clock, promise),
    dispose: async () => {
      await clock.advance(1_000);
      expect(network.connections).toBe(0);
    },
  };
}

for (const { name, run } of networkSuite(subject)) test(name, run);

class End {
  text = '';
  ended: ConnectionEvidence | undefined;

  constructor(readonly connection: Connection) {
    connection.start({
      data: (bytes) => void (this.text += Buffer.from(bytes).toString()),
      drained: () => {},
      ended: (evidence) => void (this.ended = evidence),
    });
  }

  say(text: string): void {
    this.connection.write(Buffer.from(text));
  }
}

async function ends({ clock, network }: World): Promise<{ a: End; b: End }> {
  let b: End | undefined;
  await network.host(B).listen({ host: B, port: PORT }, (connection) => void (b = new End(connection)));
  const dialled = network.host(A).dial({ host: B, port: PORT }, { timeoutMs: 1_000 });
  const a = new End(await until(clock, dialled));
  return { a, b: b as unknown as End };
}

/** When each of ten words written one after another arrives. */
async function arrivals(seed: number): Promise<number[]> {
  const here = world(seed);
  const { a, b } = await ends(here);
  const times: number[] = [];
  here.network.setDelay(1, 50);
  for (let word = 1; word <= 10; word++) {
    a.say('w');
    while (b.text.length < word) await here.clock.advance(1);
    times.push(here.clock.now());
  }
  return times;
}

describe('faults', () => {
  test('a cut holds bytes back, and they come once it is mended', async () => {
    const here = world();
    const { a, b } = await ends(here);
    here.network.cut(A, B);
    a.say('one ');
    a.say('two');
    await here.clock.advance(5_000);
    expect(b.text).toBe('');
    here.network.mend(A, B);
    await here.clock.advance(10);
    expect(b.text).toBe('one two');
  });

  test('a cut of one way lets the other way through', async () => {
    const here = world();
    const { a, b } = await ends(here);
    here.network.cutOneWay(A, B);
    a.say('lost for now');
    b.say('heard');
    await here.clock.advance(100);
    expect([a.text, b.text]).toEqual(['heard', '']);
  });

  test('who sends into a cut gives up in the end, and only it', async () => {
    const here = world();
    const { a, b } = await ends(here);
    here.network.partition([A], [B]);
    a.say('x');
    await here.clock.advance(59_000);
    expect(a.ended).toBeUndefined();
    await here.clock.advance(2_000);
    expect([a.ended, b.ended]).toEqual(['timeout', undefined]);
  });

  test('nothing can be dialled over a cut, not even one of the way back', async () => {
    const here = world();
    await ends(here);
    here.network.cutOneWay(B, A);
    const dialled = here.network.host(A).dial({ host: B, port: PORT }, { timeoutMs: 500 });
    await expect(until(here.clock, dialled)).rejects.toMatchObject({ details: { evidence: 'timeout' } });
  });

  test('a half-open connection is only noticed by writing to it', async () => {
    const here = world();
    const { a, b } = await ends(here);
    here.network.forget(B, A);
    await here.clock.advance(30_000);
    expect([a.ended, b.ended]).toEqual([undefined, 'failed']);
    a.say('are you there?');
    await here.clock.advance(10);
    expect(a.ended).toBe('reset');
  });

  test('a process that is killed closes its connections and refuses others', async () => {
    const here = world();
    const { a } = await ends(here);
    here.network.kill(B);
    await here.clock.advance(10);
    expect(a.ended).toBe('closed');
    const dialled = here.network.host(A).dial({ host: B, port: PORT }, { timeoutMs: 500 });
    await expect(until(here.clock, dialled)).rejects.toMatchObject({ details: { evidence: 'refused' } });
  });

  test('a machine that crashed is silent until it is back, and then knows nothing', async () => {
    const here = world();
    const { a } = await ends(here);
    here.network.crash(B);
    a.say('x');
    await here.clock.advance(1_000);
    expect(a.ended).toBeUndefined();
    here.network.restart(B);
    await here.clock.advance(10);
    expect(a.ended).toBe('reset');
  });

  test('a paused reader reads nothing and then everything', async () => {
    const here = world();
    const { a, b } = await ends(here);
    here.network.pause(B);
    a.say('x'.repeat(200_000));
    await here.clock.advance(1_000);
    expect(b.text).toBe('');
    expect(a.connection.waitingBytes).toBeGreaterThan(100_000);
    here.network.resume(B);
    await here.clock.advance(100);
    expect(b.text.length).toBe(200_000);
    expect(a.connection.waitingBytes).toBe(0);
  });

  test('a slow reader takes its time', async () => {
    const here = world();
    const { a, b } = await ends(here);
    here.network.slow(B, 10_000);
    a.say('x'.repeat(100_000));
    await here.clock.advance(5_000);
    expect(b.text.length).toBeGreaterThan(20_000);
    expect(b.text.length).toBeLessThan(80_000);
    await here.clock.advance(10_000);
    expect(b.text.length).toBe(100_000);
  });

  test('loss breaks whole connections', async () => {
    const here = world();
    const { a, b } = await ends(here);
    here.network.setLoss(0.1);
    for (let word = 0; word < 100; word++) a.say('word ');
    await here.clock.advance(100);
    expect([a.ended, b.ended]).toEqual(['reset', 'reset']);
    expect(here.network.connections).toBe(0);
  });

  test('the same seed gives the same times', async () => {
    expect(await arrivals(7)).toEqual(await arrivals(7));
    expect(await arrivals(7)).not.toEqual(await arrivals(8));
  });
});
