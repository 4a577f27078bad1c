import { describe, expect, test } from 'vitest';
import * as fc from 'fast-check';
import { lines, questionBytes } from '../../../test/support/dns-ask.js';
import { catalogOf, fleetRows, nodeRow, queriesOver, serviceRow } from '../../../test/support/dns-catalog.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { shuffled, silentLogger } from '../../runtime/index.js';
import { datacentersOf } from '../answer/datacenters.js';
import { dnsOptions } from '../answer/dns-options.js';
import type { DnsOptions } from '../answer/dns-options.js';
import { StaticRecords } from '../answer/static-records.js';
import { decodeMessage } from '../wire/index.js';
import type { EdnsOption, Message } from '../wire/index.js';
import { Cookies } from './cookies.js';
import { DnsStats } from './dns-stats.js';
import { PreparedAnswers } from './prepared-answers.js';
import { RateLimit } from './rate-limit.js';
import { Responder } from './responder.js';
import type { Client } from './responder.js';

const local: Client = { address: '127.0.0.1', transport: 'udp', isLoopback: true, isDoneAtOnce: true };
const remote: Client = { ...local, address: '192.0.2.7', isLoopback: false };
const overTcp: Client = { ...local, transport: 'tcp' };

function setUp(given: Partial<DnsOptions> = {}) {
  const options = dnsOptions(given);
  const clock = new FakeClock();
  const random = seededRandom(3);
  const catalog = catalogOf([
    ...fleetRows('many', 40),
    ...fleetRows('web', 2),
    nodeRow('wordy', '10.0.0.1', {
      meta: Object.fromEntries(Array.from('abcdefgh').map((key) => [key, key.repeat(200)])),
    }),
    serviceRow('wordy', 'wordy'),
  ]);
  const stats = new DnsStats();
  const context = {
    catalog,
    datacenters: datacentersOf(catalog, undefined),
    queries: queriesOver(catalog, { q: { service: 'web' }, broken: { service: 'web', ttl: 'x' } }),
    options,
    records: new StaticRecords([]),
    mayRead: () => true,
    isPrivateKey: () => false,
    serial: () => Math.floor(clock.wall() / 1000),
    order: <T>(items: readonly T[]) => shuffled(items, random),
    foreign: new Map(),
  };
  const responder = new Responder({
    context,
    prepared: new PreparedAnswers(context, { random, recursion: false }),
    recursors: undefined,
    cookies: options.cookies ? new Cookies(new Uint8Array(16)) : undefined,
    rateLimit: options.responsesPerSecond > 0 ? new RateLimit(options.responsesPerSecond, clock) : undefined,
    stats,
    logger: silentLogger,
    idleMs: 15_000,
  });
  const raw = (bytes: Buffer, client: Client = local): Buffer | undefined => {
    const response = responder.respond(bytes, client);
    if (response instanceof Promise) throw new Error('nothing here is asked of others');
    return response && Buffer.from(response);
  };
  return {
    stats,
    clock,
    raw,
    ask: (question: string, more?: Parameters<typeof questionBytes>[1], client?: Client): Message =>
      decodeMessage(raw(questionBytes(question, more), client) as Buffer),
  };
}

const withOptions = (...options: EdnsOption[]) => ({ edns: { udpSize: 1232, version: 0, dnssecOk: false, options } });

describe('what is not a question (docs/contract.md section 5.3)', () => {
  const { raw, stats } = setUp();
  const good = questionBytes('A web.service.consul');
  const changed = (at: number, value: number, bytes = good): Buffer => {
    const copy = Buffer.from(bytes);
    copy[at] = value;
    return copy;
  };

  const silent: readonly [string, Buffer][] = [
    ['nothing', Buffer.alloc(0)],
    ['eleven bytes', good.subarray(0, 11)],
    ['a response', changed(2, 0x80)],
    ['a response with a broken body', changed(2, 0x84).subarray(0, 20)],
  ];
  test.each(silent)('%s: silence', (_, bytes) => {
    const before = stats.ignored;
    expect(raw(bytes)).toBeUndefined();
    expect(stats.ignored).toBe(before + 1);
  });

  const malformed: readonly [string, Buffer][] = [
    ['no question', changed(5, 0)],
    ['two questions', changed(5, 2)],
    ['a cut question', good.subarray(0, good.length - 1)],
    ['a question cut inside its name', good.subarray(0, 16)],
    ['a header alone', good.subarray(0, 12)],
    ['two answers', changed(7, 2)],
    ['three additional records', changed(11, 3)],
    ['a looping name', Buffer.concat([good.subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])])],
    ['a cut OPT record', questionBytes('A web.service.consul', { edns: 1232 }).subarray(0, -1)],
  ];
  test.each(malformed)('%s: FORMERR', (_, bytes) => {
    const answer = decodeMessage(raw(bytes) as Buffer);
    expect(answer).toMatchObject({
      id: 4711,
      response: true,
      rcode: 1,
      opcode: 0,
      authoritative: false,
      questions: [],
    });
  });

  test('an opcode that is not ours: NOTIMP with the opcode; NOTIFY is answered like a query', () => {
    const status = decodeMessage(raw(questionBytes('A web.service.consul', { opcode: 2, rd: true })) as Buffer);
    expect(status).toMatchObject({ rcode: 4, opcode: 2, recursionDesired: true, authoritative: false, questions: [] });
    const notify = decodeMessage(raw(questionBytes('A web.service.consul', { opcode: 4, rd: true })) as Buffer);
    expect(notify).toMatchObject({ rcode: 0, opcode: 4, recursionDesired: false, authoritative: true });
    expect(notify.answers).toHaveLength(2);
  });

  test('bytes behind the question are ignored', () => {
    const answer = decodeMessage(raw(Buffer.concat([good, Buffer.from('junk')])) as Buffer);
    expect(answer.answers).toHaveLength(2);
  });

  test('EDNS version and DO are ignored', () => {
    const edns = { udpSize: 1232, version: 1, dnssecOk: true, options: [] };
    const answer = decodeMessage(raw(questionBytes('A web.service.consul', { edns })) as Buffer);
    expect(answer).toMatchObject({ rcode: 0, edns: { udpSize: 1232, version: 0, dnssecOk: false } });
  });

  test('no bytes at all bring it down', () => {
    const { raw: poke, stats: poked } = setUp({ responsesPerSecond: 5 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(3), (junk, kind) => {
        const bytes = Buffer.from(junk);
        // Half of them with a plausible header.
        if (kind > 1 && bytes.length >= 12) questionBytes('A x').copy(bytes, 0, 0, 12);
        poke(bytes, kind % 2 === 0 ? local : remote);
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.nat(), fc.nat(255), fc.constantFrom('SRV', 'A', 'TXT'), (at, value, type) => {
        const bytes = questionBytes(`${type} web.service.consul`, { edns: 1232 });
        poke(changed(at % bytes.length, value, bytes), remote);
      }),
      { numRuns: 1000 },
    );
    expect(poked.internalErrors).toBe(0);
  });
});

describe('sizes (docs/contract.md section 5.3)', () => {
  test('UDP without EDNS, or with 512: three answers', () => {
    const { ask, stats } = setUp();
    for (const edns of [undefined, 0, 100, 512]) {
      for (const type of ['A', 'SRV']) {
        expect(ask(`${type} many.service.consul`, edns === undefined ? {} : { edns }).answers).toHaveLength(3);
      }
    }
    expect(stats).toMatchObject({ cutSilently: 8, truncated: 0 });
  });

  test('udp_answer_limit is never above 8', () => {
    expect(setUp({ udpAnswerLimit: 20 }).ask('A many.service.consul').answers).toHaveLength(8);
    expect(setUp({ udpAnswerLimit: 5 }).ask('A many.service.consul').answers).toHaveLength(5);
  });

  test('with a buffer: as many as fit, each SRV with its address', () => {
    const { ask, raw } = setUp();
    for (const size of [513, 700, 1232, 1400, 4096, 65_535]) {
      const bytes = raw(questionBytes('SRV many.service.consul', { edns: size })) as Buffer;
      const answer = decodeMessage(bytes);
      expect(bytes.length).toBeLessThanOrEqual(size);
      expect(answer.edns?.udpSize).toBe(size);
      expect(answer.additionals).toHaveLength(answer.answers.length);
      const one = bytes.length / answer.answers.length;
      if (answer.answers.length < 40) expect(bytes.length + one).toBeGreaterThan(size);
    }
    expect(ask('SRV many.service.consul', { edns: 4096 }).answers).toHaveLength(40);
  });

  test('TCP has them all', () => {
    const { ask } = setUp();
    const all = ask('SRV many.service.consul', {}, overTcp);
    expect(all.answers).toHaveLength(40);
    expect(all.edns).toBeUndefined();
  });

  test('TC only when asked for by the configuration', () => {
    const { ask, stats } = setUp({ enableTruncate: true });
    expect(ask('A many.service.consul').truncated).toBe(true);
    expect(ask('A many.service.consul', { edns: 1232 }).truncated).toBe(false);
    expect(ask('A web.service.consul').truncated).toBe(false);
    expect(stats).toMatchObject({ cutSilently: 0, truncated: 1 });
  });

  test('what is beside the answer goes before the last answer does', () => {
    const { ask, raw } = setUp();
    const answer = ask('A wordy.node.consul');
    expect(lines(answer.answers)).toEqual(['wordy.node.consul 0 A 10.0.0.1']);
    expect(answer.additionals).toEqual([]);
    expect(ask('SRV wordy.service.consul')).toMatchObject({ answers: [{ type: 'SRV' }], additionals: [] });
    expect((raw(questionBytes('TXT wordy.node.consul')) as Buffer).length).toBeLessThanOrEqual(512);
    expect(ask('TXT wordy.node.consul', {}, overTcp).answers).toHaveLength(8);
  });

  test('without compression names are whole', () => {
    const plain = setUp({ disableCompression: true }).raw(questionBytes('A web.service.consul')) as Buffer;
    const packed = setUp().raw(questionBytes('A web.service.consul')) as Buffer;
    expect(plain.length - packed.length).toBe(2 * (20 - 2));
  });
});

function scopeOf(message: Message): number | undefined {
  const option = message.edns?.options[0];
  return option?.type === 'ecs' ? option.scopePrefix : undefined;
}

describe('EDNS options', () => {
  const ecs: EdnsOption = { type: 'ecs', family: 1, sourcePrefix: 8, scopePrefix: 0, address: Uint8Array.of(10) };
  test('client subnet: for everybody, but of prepared queries', () => {
    const { ask } = setUp();
    for (const name of ['web.service', 'nope.service', 'wordy.node', 'nope.query']) {
      const answer = ask(`A ${name}.consul`, withOptions({ ...ecs, scopePrefix: 5 }));
      expect(answer.edns?.options).toEqual([{ ...ecs, scopePrefix: 0 }]);
    }
    expect(scopeOf(ask('A q.query.consul', withOptions(ecs)))).toBe(8);
    expect(scopeOf(ask('A example.com', withOptions(ecs)))).toBe(0);
  });

  test('keepalive over a connection alone (RFC 7828)', () => {
    const { ask } = setUp();
    const asked = withOptions({ type: 'keepalive' });
    expect(ask('A web.service.consul', asked, overTcp).edns?.options).toEqual([{ type: 'keepalive', timeout: 150 }]);
    expect(ask('A web.service.consul', asked).edns?.options).toEqual([]);
  });

  test('cookies: a server cookie for who sends one, not on loopback', () => {
    const { ask } = setUp();
    const cookie: EdnsOption = { type: 'cookie', client: new Uint8Array(8).fill(7), server: new Uint8Array() };
    expect(ask('A web.service.consul', withOptions(cookie)).edns?.options).toEqual([]);
    const [given] = ask('A web.service.consul', withOptions(cookie), remote).edns?.options ?? [];
    expect(given).toMatchObject({ type: 'cookie', client: cookie.client });
    expect((given as { server: Uint8Array }).server).toHaveLength(16);
    expect(ask('A web.service.consul', {}, remote).edns).toBeUndefined();
    expect(setUp({ cookies: false }).ask('A web.service.consul', withOptions(cookie), remote).edns?.options).toEqual(
      [],
    );
  });
});

describe('response rate limit', () => {
  test('drops, and lets every second one through short; other names, TCP and loopback are free', () => {
    const { raw, stats } = setUp({ responsesPerSecond: 2 });
    const question = questionBytes('SRV web.service.consul', { edns: 1232 });
    const answers = Array.from({ length: 6 }, () => raw(question, remote));
    expect(answers.map((one) => (one ? decodeMessage(one).truncated : 'dropped'))).toEqual([
      false,
      false,
      'dropped',
      true,
      'dropped',
      true,
    ]);
    const short = decodeMessage(answers[3] as Buffer);
    expect(short).toMatchObject({
      id: 4711,
      answers: [],
      additionals: [],
      questions: [{ name: 'web.service.consul' }],
    });
    expect(stats).toMatchObject({ rateDropped: 2, rateSlipped: 2 });
    expect(raw(questionBytes('A web.service.consul'), remote)).toBeDefined();
    for (let i = 0; i < 10; i++) {
      expect(raw(question, { ...remote, transport: 'tcp' })).toBeDefined();
      expect(raw(question, local)).toBeDefined();
    }
  });

  test('a client that shows our cookie is no spoofed one', () => {
    const { ask, raw } = setUp({ responsesPerSecond: 1 });
    const first: EdnsOption = { type: 'cookie', client: new Uint8Array(8).fill(7), server: new Uint8Array() };
    const [ours] = ask('A web.service.consul', withOptions(first), remote).edns?.options ?? [];
    for (let i = 0; i < 10; i++) {
      const bytes = questionBytes('A web.service.consul', withOptions(ours as EdnsOption));
      expect(raw(bytes, remote)).toBeDefined();
    }
    const others = Array.from({ length: 4 }, () =>
      raw(questionBytes('A web.service.consul', withOptions(first)), remote),
    );
    expect(others).toContain(undefined);
  });
});
