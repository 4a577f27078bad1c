import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lines, questionBytes } from '../../../test/support/dns-ask.js';
import { catalogOf, checkRow, fleetRows, nodeRow, queriesOver, serviceRow } from '../../../test/support/dns-catalog.js';
import type { Catalog } from '../../catalog/index.js';
import { put } from '../../model/index.js';
import type { Row } from '../../model/index.js';
import { shuffled, silentLogger } from '../../runtime/index.js';
import { seededRandom } from '../../testing/seeded-random.js';
import type { AnswerContext } from '../answer/answer-context.js';
import { datacentersOf } from '../answer/datacenters.js';
import { dnsOptions } from '../answer/dns-options.js';
import type { DnsOptions } from '../answer/dns-options.js';
import { StaticRecords } from '../answer/static-records.js';
import { decodeMessage } from '../wire/index.js';
import type { Message } from '../wire/index.js';
import { DnsStats } from './dns-stats.js';
import { PreparedAnswers } from './prepared-answers.js';
import { Responder } from './responder.js';
import type { Client } from './responder.js';

const random = seededRandom(7);

function contextOf(catalog: Catalog, options: Partial<DnsOptions> = {}): AnswerContext {
  return {
    catalog,
    datacenters: datacentersOf(catalog, undefined),
    queries: queriesOver(catalog, {}),
    options: dnsOptions(options),
    records: new StaticRecords([{ name: 'fixed.service.consul', type: 'A', data: '192.0.2.1' }]),
    mayRead: () => true,
    isPrivateKey: () => false,
    serial: () => 1234,
    order: (items) => shuffled(items, random),
    foreign: new Map(),
  };
}

function responderOf(context: AnswerContext, isPrepared: boolean): { responder: Responder; stats: DnsStats } {
  const stats = new DnsStats();
  const prepared = isPrepared ? new PreparedAnswers(context, { random, recursion: false }) : undefined;
  const none = { recursors: undefined, cookies: undefined, rateLimit: undefined };
  return { responder: new Responder({ context, prepared, ...none, stats, logger: silentLogger, idleMs: 1000 }), stats };
}

const transports = ['udp', 'tcp'] as const;

function client(transport: (typeof transports)[number]): Client {
  return { address: '127.0.0.1', transport, isLoopback: true, isDoneAtOnce: true };
}

function said({ responder }: { responder: Responder }, question: Buffer, by: Client): Message {
  return decodeMessage(Buffer.from(responder.respond(question, by) as Buffer));
}

function both(catalog: Catalog, options: Partial<DnsOptions> = {}) {
  const context = contextOf(catalog, options);
  const fast = responderOf(context, true);
  const slow = responderOf(context, false);
  return {
    stats: fast.stats,
    ask: (question: Buffer, by: Client) => said(fast, question, by),
    askSlow: (question: Buffer, by: Client) => said(slow, question, by),
  };
}

/** All that must be equal when nothing is cut; what is cut is a matter of chance. */
function comparable(message: Message, isCut: boolean) {
  const { answers, additionals, authorities, ...rest } = message;
  if (isCut) return { ...rest, count: answers.length };
  return { ...rest, answers: lines(answers), additionals: lines(additionals), authorities: lines(authorities) };
}

const statuses = ['passing', 'warning', 'critical'] as const;
const names = ['web', 'db', 'fixed'] as const;
/** 'alias' stands for one name in each catalog: of several names any may be the CNAME. */
const addresses = ['', '10.1.0.1', 'fd00::1', 'alias'];
const aliases = ['db.service.consul', 'host.example.com', 'WEB.service.consul'];

const instance = fc.record({
  service: fc.constantFrom(...names),
  node: fc.nat(3),
  address: fc.constantFrom(...addresses),
  tags: fc.subarray(['v1', 'V2', 'a.b']),
  status: fc.constantFrom(...statuses),
  warning: fc.nat(3),
});

type Instance = typeof instance extends fc.Arbitrary<infer T> ? T : never;

function rowsOf(instances: readonly Instance[], alias: string): Row[] {
  const nodes = ['10.0.0.1', 'fd00::a', '10.0.0.3', alias];
  return [
    ...nodes.map((address, i) => nodeRow(`N${i}`, address, { meta: i === 0 ? { rack: 'r1' } : null })),
    ...instances.flatMap(({ node, status, warning, address, ...more }, i): Row[] => [
      serviceRow(`N${node}`, `i${i}`, {
        ...more,
        // Of two instances at one place any may be shown.
        port: i,
        address: address === 'alias' ? alias : address,
        weights: { Passing: 2, Warning: warning },
      }),
      checkRow(`N${node}`, `i${i}`, status),
    ]),
  ];
}

const question = fc.record({
  type: fc.constantFrom('A', 'AAAA', 'SRV', 'TXT'),
  name: fc.constantFrom(
    'web.service.consul',
    'WEB.service.Consul',
    'db.service.dc1.consul',
    'v2.web.service.consul',
    'a.b.db.service.consul',
    '_web._tcp.service.consul',
    '_web._v1.service.consul',
    'fixed.service.consul',
    'nope.service.consul',
    'nope.web.service.consul',
    '_db._tcp.consul',
  ),
  edns: fc.constantFrom(undefined, 0, 512, 600, 1232, 65_535),
  rd: fc.boolean(),
  id: fc.nat(65_535),
  transport: fc.constantFrom(...transports),
});

describe('kept answers', () => {
  test('say what an answer made anew says, over random catalogs', () => {
    const options = fc.record({
      onlyPassing: fc.boolean(),
      enableTruncate: fc.boolean(),
      udpAnswerLimit: fc.nat(9),
      aRecordLimit: fc.constantFrom(0, 0, 1),
      nodeMetaTxt: fc.boolean(),
    });
    let kept = 0;
    fc.assert(
      fc.property(
        fc.array(instance, { maxLength: 12 }),
        fc.constantFrom(...aliases),
        options,
        fc.array(question, { minLength: 20, maxLength: 30 }),
        (instances, alias, given, questions) => {
          const { ask, askSlow, stats } = both(catalogOf(rowsOf(instances, alias)), given);
          for (const { type, name, transport, ...more } of questions) {
            const bytes = questionBytes(`${type} ${name}`, more);
            const cutBefore = stats.truncated + stats.cutSilently;
            const fast = ask(bytes, client(transport));
            const isCut = stats.truncated + stats.cutSilently > cutBefore || given.aRecordLimit > 0;
            expect(comparable(fast, isCut)).toEqual(comparable(askSlow(bytes, client(transport)), isCut));
          }
          kept += stats.prepared;
        },
      ),
      { numRuns: 100 },
    );
    expect(kept).toBeGreaterThan(500);
  });

  test('change with the catalog at once', () => {
    const catalog = catalogOf(fleetRows('web', 2));
    const { ask, stats } = both(catalog);
    const bytes = questionBytes('A web.service.consul');
    expect(ask(bytes, client('udp')).answers).toHaveLength(2);
    catalog.apply({ type: 'changes', index: 2, changes: [put(checkRow('web-n1', 'web-1', 'critical'))] });
    expect(ask(bytes, client('udp')).answers).toHaveLength(1);
    catalog.apply({ type: 'changes', index: 3, changes: [put(nodeRow('web-n2', '10.7.7.7'))] });
    expect(ask(bytes, client('udp')).answers).toMatchObject([{ address: '10.7.7.7' }]);
    catalog.apply({ type: 'changes', index: 4, changes: [put(checkRow('web-n2', '', 'critical'))] });
    expect(ask(bytes, client('udp')).rcode).toBe(3);
    expect(stats.prepared).toBe(4);
  });

  test('are ordered anew for every question, each of few instances leading equally often', () => {
    for (const count of [2, 3, 5]) {
      const { ask } = both(catalogOf(fleetRows('web', count)));
      const leads = new Map<string, number>();
      const orders = new Set<string>();
      const rounds = 6000;
      for (let i = 0; i < rounds; i++) {
        const { answers } = ask(questionBytes('A web.service.consul', { edns: 1232 }), client('udp'));
        const found = answers.map((one) => (one as { address: string }).address);
        leads.set(found[0] as string, (leads.get(found[0] as string) ?? 0) + 1);
        orders.add(found.join());
      }
      expect(leads.size).toBe(count);
      for (const times of leads.values()) expect(Math.abs(times / rounds - 1 / count)).toBeLessThan(0.03);
      expect(orders.size).toBeGreaterThanOrEqual({ 2: 2, 3: 6, 5: 30 }[count] as number);
    }
  });

  test('show every instance of many over time, three at once', () => {
    const { ask } = both(catalogOf(fleetRows('web', 30)));
    const seen = new Set<string>();
    const bytes = questionBytes('A web.service.consul');
    for (let i = 0; i < 30_000; i++) {
      const { answers } = ask(bytes, client('udp'));
      for (const one of answers) seen.add((one as { address: string }).address);
    }
    expect(seen.size).toBe(30);
  });

  test('of 100 instances are cut to the size asked for, and kept', () => {
    const { ask, stats } = both(catalogOf(fleetRows('web', 100)));
    const sizes = [600, 800, 1232, 4096];
    for (let i = 0; i < 40; i++) {
      const size = sizes[i % sizes.length] as number;
      const bytes = questionBytes('A web.service.consul', { edns: size });
      const answer = ask(bytes, client('udp'));
      expect(answer.answers.length).toBe(Math.min(100, Math.floor((size - 12 - 24 - 11) / 16)));
      expect(answer.edns?.udpSize).toBe(size);
    }
    expect(stats.prepared).toBe(40);
    expect(stats.cutSilently).toBe(30);
  });

  test('never mix questions: id, spelling, class, RD and CD are the asker’s', () => {
    const { ask } = both(catalogOf(fleetRows('web', 3)));
    for (let id = 0; id < 300; id++) {
      const name = id % 2 === 0 ? 'web.service.consul' : 'wEb.SERVICE.consul';
      const bytes = questionBytes(`SRV ${name}`, { id, rd: id % 3 === 0 });
      bytes.writeUInt16BE(id % 5 === 0 ? 3 : 1, bytes.length - 2);
      bytes[3] = id % 7 === 0 ? 0x10 : 0;
      expect(ask(bytes, client('udp'))).toMatchObject({
        id,
        recursionDesired: id % 3 === 0,
        checkingDisabled: id % 7 === 0,
        questions: [{ name, type: 33, class: id % 5 === 0 ? 3 : 1 }],
        answers: [{ name }, { name }, { name }],
      });
    }
  });

  test('are copied for who is not done with them at once', () => {
    const { responder } = responderOf(contextOf(catalogOf(fleetRows('web', 1))), true);
    const slow = { ...client('udp'), isDoneAtOnce: false };
    const first = responder.respond(questionBytes('A web.service.consul', { id: 1 }), slow) as Buffer;
    const second = responder.respond(questionBytes('A web.service.consul', { id: 2 }), slow) as Buffer;
    expect([first.readUInt16BE(0), second.readUInt16BE(0)]).toEqual([1, 2]);
  });
});
