/** Bytes of any kind as answers: never a crash, never a wait without end, nothing left behind. */
import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { isDiscoveryError } from '../../model/index.js';
import { createMisbehavingDns } from '../../testing/misbehaving-dns.js';
import type { MisbehavingDns, MisbehavingDnsOptions } from '../../testing/misbehaving-dns.js';
import { encodeMessage } from '../index.js';
import type { Message } from '../index.js';
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

function clientOf(entry: string, more: Partial<DnsClientOptions> = {}): CoreDnsClient {
  const client = createDnsClient({ servers: [entry], timeoutMs: 25, retry: { attempts: 1 }, ...more });
  closers.push(() => client.close());
  return client;
}

/** A true answer with some bytes changed, added or cut behind its id. */
const damage = fc.record({
  changes: fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 }),
  cutAt: fc.option(fc.integer({ min: 2, max: 80 })),
  more: fc.uint8Array({ maxLength: 40 }),
});

function damaged(
  answer: Message,
  { changes, cutAt, more }: typeof damage extends fc.Arbitrary<infer T> ? T : never,
): Buffer {
  const bytes = Buffer.concat([encodeMessage(answer), more]);
  for (const [at, value] of changes) if (at >= 2 && at < bytes.length) bytes[at] = value;
  return bytes.subarray(0, cutAt ?? bytes.length);
}

describe.each(['udp', 'tcp'])('over %s', (transport) => {
  test('every question ends in an answer or an error of ours', async () => {
    let bytesFor: (answer: Message) => Buffer = encodeMessage;
    const server = await fake({ raw: (answer) => bytesFor(answer) });
    const client = clientOf(`${transport}://${server.address}`);
    await fc.assert(
      fc.asyncProperty(fc.oneof(damage, fc.uint8Array({ maxLength: 600 })), async (how) => {
        bytesFor = (answer) => (how instanceof Uint8Array ? Buffer.from(how) : damaged(answer, how));
        const outcome = await client.query('web.example', 'A').catch((error: unknown) => error);
        if (outcome instanceof Error) expect(isDiscoveryError(outcome)).toBe(true);
        else expect(outcome).toMatchObject({ name: 'web.example', type: 1 });
      }),
      { numRuns: 120 },
    );
    server.behave('answer');
    expect((await client.query('web.example', 'A', { timeoutMs: 5_000 })).records).toHaveLength(1);
  });
});

/** What keeps the process alive, but for timers. */
function held(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => kind !== 'Timeout');
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

describe('nothing is left', () => {
  test('after thousands of questions, answered, failed and given up', async () => {
    const server = await fake(({ message }) => {
      if (message.id % 16 === 0) return 'drop';
      if (message.id % 16 === 1) return 'truncate';
      return message.id % 16 === 2 ? { rcode: 2 } : 'answer';
    });
    const before = held();
    const timersBefore = timers();
    const client = clientOf(server.address, { timeoutMs: 400, retry: { attempts: 3, baseMs: 1 } });
    const outcomes: string[] = [];
    for (let round = 0; round < 20; round++) {
      await Promise.all(
        Array.from({ length: 150 }, async (_, i) => {
          const controller = new AbortController();
          const asking = client.query('web.example', 'A', { signal: controller.signal });
          if (i % 10 === 0) controller.abort();
          outcomes.push(
            await asking.then(
              () => 'answered',
              (error: { code: string }) => error.code,
            ),
          );
        }),
      );
    }
    expect(outcomes).toHaveLength(3_000);
    expect(outcomes.filter((outcome) => outcome === 'ABORTED')).toHaveLength(300);
    expect(outcomes.filter((outcome) => outcome === 'answered').length).toBeGreaterThan(2_600);
    // Idle sockets do not hold the process, though they are still open; the server's side of TCP is in this process too.
    expect(held().filter((kind) => kind === 'UDPWRAP').length).toBeLessThanOrEqual(
      2 + before.filter((kind) => kind === 'UDPWRAP').length,
    );
    await client.close();
    await server.close();
    for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => void setImmediate(resolve));
    expect(held().length).toBeLessThanOrEqual(before.length);
    expect(timers()).toBeLessThanOrEqual(timersBefore + 1);
  });
});

describe('bounds', () => {
  test('so many at once, so many in line, and the others are refused', async () => {
    const server = await fake('drop');
    const client = clientOf(server.address, { timeoutMs: 60_000, mixCase: false });
    const asking = Array.from({ length: 11_001 }, () =>
      client.query('web.example', 'A').catch((error: { code: string }) => error.code),
    );
    expect(await asking.at(-1)).toBe('RATE_LIMITED');
    await client.close();
    const codes = await Promise.all(asking);
    expect(codes.filter((code) => code === 'CLOSED')).toHaveLength(11_000);
    expect(client.stats.sent).toBeLessThanOrEqual(1_000);
  });
});
