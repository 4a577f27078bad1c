/** Which server is asked when, and how it ends. Sockets are real, time is turned by hand. */
import { afterEach, describe, expect, test } from 'vitest';
import { createMisbehavingDns } from '../../testing/misbehaving-dns.js';
import type { MisbehavingDns, MisbehavingDnsOptions } from '../../testing/misbehaving-dns.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { rcodes } from '../index.js';
import { createDnsClient } from './index.js';
import type { CoreDnsClient, DnsClientOptions } from './index.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function fake(behaviour?: MisbehavingDnsOptions['behaviour']): Promise<MisbehavingDns> {
  const server = await createMisbehavingDns({ records: ['web.example 60 A 192.0.2.1'], behaviour });
  closers.push(() => server.close());
  return server;
}

interface Timed {
  readonly clock: FakeClock;
  readonly client: CoreDnsClient;
}

function timed(servers: readonly MisbehavingDns[], more: Partial<DnsClientOptions> = {}): Timed {
  const clock = new FakeClock();
  const list = servers.map(({ address }) => address);
  const client = createDnsClient({ servers: list, clock, random: seededRandom(7), ...more });
  closers.push(() => client.close());
  return { clock, client };
}

/** Lets sockets work, without moving the clock. */
async function until(what: () => boolean): Promise<void> {
  for (let turns = 0; !what(); turns++) {
    if (turns > 20_000) throw new Error('it did not come to that');
    await new Promise((resolve) => void setImmediate(resolve));
  }
}

/** Turns the clock in small steps until the promise is settled, so that sockets may work in between. */
async function turnUntilSettled(clock: FakeClock, promise: Promise<unknown>): Promise<void> {
  const state = { isSettled: false };
  const settled = (): void => void (state.isSettled = true);
  promise.then(settled, settled);
  for (let steps = 0; !state.isSettled; steps++) {
    if (steps > 20_000) throw new Error('it is never settled');
    await clock.advance(10);
  }
}

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('silence', () => {
  test('a lost question is asked again, and a late answer is as good as any', async () => {
    const server = await fake('drop');
    const { clock, client } = timed([server]);
    const asking = client.query('web.example', 'A');
    await until(() => server.asked.length === 1);
    await clock.advance(376);
    server.behave('answer');
    await clock.advance(200);
    await until(() => server.asked.length === 2);
    expect((await asking).records).toHaveLength(1);
    expect(clock.pending).toBe(1);
  });

  test('while one is late another is asked; the late one is asked no more, but looked at after a while', async () => {
    const [slow, quick] = [await fake('drop'), await fake()];
    const { clock, client } = timed([slow, quick]);
    for (let i = 0; i < 40; i++) {
      const asking = client.query('web.example', 'A');
      await turnUntilSettled(clock, asking);
      expect((await asking).server).toBe(`udp://${quick.address}`);
    }
    expect(client.servers).toMatchObject([{ failures: 1 }, { failures: 0 }]);
    expect(slow.asked).toHaveLength(1);
    slow.behave('answer');
    await clock.advance(10_000);
    expect((await client.query('web.example', 'A')).server).toBe(`udp://${quick.address}`);
    await until(() => client.servers[0]?.failures === 0);
    expect(slow.asked).toHaveLength(2);
    for (let i = 0; i < 40; i++) await client.query('web.example', 'A');
    expect(slow.asked.length).toBeGreaterThan(5);
  });

  test('nobody answers: TIMEOUT that tells every attempt, and nothing is left behind', async () => {
    const servers = [await fake('drop'), await fake('drop')];
    const { clock, client } = timed(servers, { timeoutMs: 1_000 });
    const failing = failureOf(client.query('web.example', 'SRV'));
    await turnUntilSettled(clock, failing);
    const error = await failing;
    expect(error).toMatchObject({ code: 'TIMEOUT', details: { dns: 'timeout', name: 'web.example', type: 'SRV' } });
    const { attempts } = (error as { details: { attempts: { server: string; dns: string }[] } }).details;
    expect(attempts.length).toBeGreaterThanOrEqual(4);
    expect(new Set(attempts.map(({ server }) => server))).toEqual(
      new Set(servers.map(({ address }) => `udp://${address}`)),
    );
    expect((error as Error).message).toMatch(
      /^no DNS answer for SRV web\.example: udp:.* did not answer within \d+ ms; udp:.*\(\d tries\)$/,
    );
    await client.close();
    expect(clock.pending).toBe(0);
    expect(clock.now()).toBeLessThanOrEqual(3_000);
  });

  test('the time of the whole call is kept, by default timeoutMs × attempts', async () => {
    const server = await fake('drop');
    for (const [timeoutMs, mostMs] of [
      [undefined, 2_000],
      [300, 310],
      [40, 50],
    ] as const) {
      const { clock, client } = timed([server], {
        timeoutMs: 1_000,
        retry: { attempts: 2, baseMs: 10_000, capMs: 10_000 },
      });
      const failing = failureOf(client.query('web.example', 'A', { timeoutMs }));
      await turnUntilSettled(clock, failing);
      expect(await failing).toMatchObject({ code: 'TIMEOUT' });
      expect(clock.now()).toBeLessThanOrEqual(mostMs + 10);
    }
  });
});

describe('rounds', () => {
  test('a failure that may pass is tried again, after a while', async () => {
    let n = 0;
    const server = await fake(() => (++n < 3 ? { rcode: rcodes.SERVFAIL } : 'answer'));
    const { clock, client } = timed([server]);
    const asking = client.query('web.example', 'A');
    await turnUntilSettled(clock, asking);
    expect((await asking).records).toHaveLength(1);
    expect(server.asked).toHaveLength(3);
  });

  test('one that does not pass is not, unless one says so', async () => {
    const server = await fake({ rcode: rcodes.REFUSED });
    const first = timed([server]);
    await expect(first.client.query('web.example', 'A')).rejects.toMatchObject({ details: { dns: 'REFUSED' } });
    expect(server.asked).toHaveLength(1);
    const second = timed([server], { retry: { attempts: 2, retryOn: ['REFUSED'] } });
    const failing = failureOf(second.client.query('web.example', 'A'));
    await turnUntilSettled(second.clock, failing);
    expect(server.asked).toHaveLength(3);
    const third = timed([server], { retry: { attempts: 2, baseMs: 0, retryOn: (dns) => dns.startsWith('REF') } });
    await turnUntilSettled(third.clock, failureOf(third.client.query('web.example', 'A')));
    expect(server.asked).toHaveLength(5);
  });

  test('back-off is random up to a bound that doubles, and is capped', async () => {
    const server = await fake({ rcode: rcodes.SERVFAIL });
    const waits: number[] = [];
    class Listening extends FakeClock {
      override sleep(ms: number, signal?: AbortSignal): Promise<void> {
        waits.push(ms);
        return super.sleep(ms, signal);
      }
    }
    const clock = new Listening();
    const client = createDnsClient({
      servers: [server.address],
      clock,
      random: { next: () => 0.999 },
      retry: { attempts: 6, baseMs: 100, capMs: 500 },
    });
    closers.push(() => client.close());
    await turnUntilSettled(clock, failureOf(client.query('web.example', 'A')));
    expect(waits.map(Math.round)).toEqual([100, 200, 400, 500, 500]);
  });

  test('nobody listens: known at once, and the next server answers', async () => {
    const [gone, here] = [await fake(), await fake()];
    await gone.close();
    const { client } = timed([gone, here]);
    for (let i = 0; i < 8; i++) expect((await client.query('web.example', 'A')).server).toBe(`udp://${here.address}`);
    const alone = timed([gone], { retry: { attempts: 1 } });
    await expect(alone.client.query('web.example', 'A')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: `no DNS answer for A web.example: udp://${gone.address} does not listen`,
      details: { dns: 'network' },
    });
  });
});

describe('choice', () => {
  test('a server that is down is asked with one question in ten, beside the one that answers it', async () => {
    let isSick = true;
    const [sick, sound] = [await fake(() => (isSick ? { rcode: rcodes.SERVFAIL } : 'answer')), await fake()];
    const { client } = timed([sick, sound]);
    while ((client.servers[0]?.failures ?? 0) < 3) await client.query('web.example', 'A');
    const before = sick.asked.length;
    const questions = 300;
    for (let i = 0; i < questions; i++) {
      expect((await client.query('web.example', 'A')).server).toBe(`udp://${sound.address}`);
    }
    const probes = sick.asked.length - before;
    expect(probes).toBeGreaterThan(10);
    expect(probes).toBeLessThan(60);
    isSick = false;
    for (let i = 0; i < 200 && (client.servers[0]?.failures ?? 0) > 0; i++) await client.query('web.example', 'A');
    expect(client.servers[0]).toMatchObject({ failures: 0 });
  });

  test('a second server is asked before the first is late, for one question in twenty at most', async () => {
    const [a, b] = [await fake(), await fake()];
    const { clock, client } = timed([a, b]);
    const questions = 60;
    for (let i = 0; i < questions; i++) await client.query('web.example', 'A');
    for (const server of [a, b]) server.behave({ delayMs: 30 });
    const first = Promise.all(Array.from({ length: 40 }, () => client.query('web.example', 'A')));
    await until(() => a.asked.length + b.asked.length >= questions + 40);
    await clock.advance(1);
    await first;
    expect(client.stats.hedged).toBeGreaterThan(0);
    expect(client.stats.hedged).toBeLessThanOrEqual((questions + 40) / 20);
    const plain = timed([a, b], { hedge: false });
    await Promise.all(Array.from({ length: 40 }, () => plain.client.query('web.example', 'A')));
    expect(plain.client.stats).toMatchObject({ hedged: 0, sent: 40 });
  });
});

describe('the end', () => {
  test('an abort ends it at once, before and during', async () => {
    const server = await fake('drop');
    const { clock, client } = timed([server]);
    const reason = new Error('enough');
    await expect(client.query('web.example', 'A', { signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
      code: 'ABORTED',
      cause: reason,
    });
    const controller = new AbortController();
    const asking = failureOf(client.query('web.example', 'A', { signal: controller.signal }));
    await until(() => server.asked.length === 1);
    controller.abort(reason);
    expect(await asking).toMatchObject({ code: 'ABORTED', cause: reason });
    await client.close();
    expect(clock.pending).toBe(0);
  });

  test('the close ends what is under way, twice is harmless, and then nothing is asked', async () => {
    const server = await fake('drop');
    const { clock, client } = timed([server]);
    const asking = failureOf(client.query('web.example', 'A'));
    await until(() => server.asked.length === 1);
    await client.close();
    await client.close();
    expect(await asking).toMatchObject({ code: 'CLOSED' });
    await expect(client.query('web.example', 'A')).rejects.toMatchObject({ code: 'CLOSED' });
    expect(clock.pending).toBe(0);
  });

  test('during the back-off too', async () => {
    const server = await fake({ rcode: rcodes.SERVFAIL });
    const { clock, client } = timed([server]);
    const controller = new AbortController();
    const asking = failureOf(client.query('web.example', 'A', { signal: controller.signal }));
    await until(() => client.servers[0]?.failures === 1);
    controller.abort();
    expect(await asking).toMatchObject({ code: 'ABORTED' });
    await client.close();
    expect(clock.pending).toBe(0);
  });

  test.each([
    ['', 'A', 'name'],
    ['a..example', 'A', 'name'],
    [`${'x'.repeat(64)}.example`, 'A', 'name'],
    [7 as never, 'A', 'name'],
    ['web.example', 'NOPE', 'type'],
    ['web.example', 'AXFR', 'type'],
    ['web.example', 70_000, 'type'],
    ['web.example', 1.5, 'type'],
  ])('%j %j is refused', async (name, type, field) => {
    const { client } = timed([await fake()]);
    await expect(client.query(name, type)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { violations: [{ field }] },
    });
  });

  test.each<[Partial<DnsClientOptions>, string[]]>([
    [{ timeoutMs: 0 }, ['timeoutMs']],
    [{ timeoutMs: Number.NaN }, ['timeoutMs']],
    [{ retry: { attempts: 0, baseMs: -1, capMs: Number.NaN } }, ['retry.attempts', 'retry.baseMs', 'retry.capMs']],
    [{ retry: { attempts: 1.5 } }, ['retry.attempts']],
    [{ retry: { retryOn: 'timeout' as never } }, ['retry.retryOn']],
  ])('options %j are refused', (options, fields) => {
    expect(() => createDnsClient({ servers: ['127.0.0.1'], ...options })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        details: { violations: fields.map((field) => expect.objectContaining({ field }) as unknown) },
      }) as Error,
    );
  });
});
