import { beforeEach, describe, expect, test } from 'vitest';
import { lines, questionBytes } from '../../../test/support/dns-ask.js';
import { catalogOf, checkRow, nodeRow, queriesOver, serviceRow } from '../../../test/support/dns-catalog.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { FakeCluster, memberOf } from '../../testing/fake-cluster.js';
import { seededRandom } from '../../testing/seeded-random.js';
import type { Catalog } from '../../catalog/index.js';
import { createDnsServer, decodeMessage, rcodeName } from '../index.js';
import type { DnsServer, DnsServerSetup } from '../index.js';

const there = { datacenter: 'Far-1' };

let here: Catalog;
let far: Catalog;
let cluster: FakeCluster;
let dns: DnsServer;
/** Where queries were run. */
let ran: string[];

beforeEach(() => {
  here = catalogOf([nodeRow('a', '10.0.0.1'), serviceRow('a', 'web'), serviceRow('a', 'only-here')]);
  far = catalogOf(
    [
      nodeRow('b', '10.7.0.1', { ...there, meta: { rack: 'r9' } }),
      serviceRow('b', 'web', { ...there, tags: ['v1'], port: 81 }),
      serviceRow('b', 'moved', { ...there, address: '10.7.0.9', port: 82 }),
      serviceRow('b', 'down', there),
      checkRow('b', 'down', 'critical'),
    ],
    'Far-1',
  );
  cluster = new FakeCluster(here);
  cluster.others.set('Far-1', far);
  cluster.known.push(memberOf('agent-far', { datacenter: 'Far-1' }));
  ran = [];
  dns = createDnsServer({ catalog: here, queries: queries(), cluster, ...parts });
});

const parts: Pick<DnsServerSetup, 'clock' | 'random'> = { clock: new FakeClock(), random: seededRandom(1) };

/** `q` finds nobody here, and fails over. */
function queries(): DnsServerSetup['queries'] {
  return {
    executeQuery(name, { datacenter }) {
      ran.push(`${name} in ${datacenter}`);
      return { ...queriesOver(far, { q: { service: 'moved' } }).executeQuery(name), datacenter: 'Far-1' };
    },
  };
}

async function ask(question: string) {
  const bytes = questionBytes(question, { edns: 1232 });
  const { body } = await dns.doh('POST', 'application/dns-message', bytes, '127.0.0.1');
  const message = decodeMessage(body);
  return { ...message, code: rcodeName(message.rcode) };
}

const NXDOMAIN: readonly string[] = ['NXDOMAIN'];
/** Question → addresses, or the code. */
const answered: readonly [string, readonly string[]][] = [
  ['A web.service.consul', ['10.0.0.1']],
  ['A web.service.dc1.consul', ['10.0.0.1']],
  ['A web.service.far-1.consul', ['10.7.0.1']],
  ['A web.service.FAR-1.dc.consul', ['10.7.0.1']],
  ['A v1.web.service.far-1.consul', ['10.7.0.1']],
  ['A b.node.far-1.consul', ['10.7.0.1']],
  ['A 0a070001.addr.far-1.consul', ['10.7.0.1']],
  ['A web.web.instance.far-1.consul', ['10.7.0.1']],
  ['A b.node.consul', NXDOMAIN],
  ['A a.node.far-1.consul', NXDOMAIN],
  ['A only-here.service.far-1.consul', NXDOMAIN],
  ['A down.service.far-1.consul', NXDOMAIN],
  ['A web.service.moon.consul', NXDOMAIN],
  ['A web.service.far-1.far-1.consul', NXDOMAIN],
];

test.each(answered)('%s', async (question, expected) => {
  const { answers, code } = await ask(question);
  expect(answers.length === 0 ? [code] : answers.map((one) => ('address' in one ? one.address : ''))).toEqual(expected);
});

describe('SRV of another datacenter', () => {
  test.each([
    ['SRV web.service.far-1.consul', '1 1 81 b.node.Far-1.consul'],
    ['SRV _web._v1.service.far-1.consul', '1 1 81 b.node.Far-1.consul'],
    ['SRV moved.service.far-1.consul', '1 1 82 0a070009.addr.Far-1.consul'],
  ])('%s leads to names of it', async (question, data) => {
    const { answers, additionals } = await ask(question);
    expect(lines(answers)).toEqual([`${question.slice(4)} 0 SRV ${data}`]);
    const [target = ''] = data.split(' ').slice(-1);
    expect(lines(additionals)[0]).toContain(`${target} 0 A 10.7.0.`);
    // What an answer leads to can be asked for.
    expect((await ask(`A ${target}`)).answers).toHaveLength(1);
  });
});

describe('prepared queries', () => {
  test('are run where they are asked for', async () => {
    await ask('A q.query.consul');
    await ask('A q.query.far-1.consul');
    expect(ran).toEqual(['q in dc1', 'q in Far-1']);
  });

  test('lead to where they failed over to', async () => {
    expect(lines((await ask('SRV q.query.consul')).answers)).toEqual([
      'q.query.consul 0 SRV 1 1 82 0a070009.addr.Far-1.consul',
    ]);
  });
});

test('answers of a datacenter that fell silent say so, and no others', async () => {
  cluster.known[1] = memberOf('agent-far', { datacenter: 'Far-1', state: 'suspect', lastContactMs: 7_000 });
  expect((await ask('A web.service.far-1.consul')).edns?.options).toMatchObject([{ type: 'ede', code: 3 }]);
  expect((await ask('A none.service.far-1.consul')).edns?.options).toMatchObject([{ type: 'ede', code: 3 }]);
  expect((await ask('A web.service.consul')).edns?.options).toEqual([]);
});

test('in protected mode answers of our own say so', async () => {
  cluster.contacted = { known: false, lastContactMs: 1 };
  expect((await ask('A web.service.consul')).edns?.options).toMatchObject([{ type: 'ede', code: 3 }]);
  cluster.contacted = { known: true, lastContactMs: 0 };
  expect((await ask('A web.service.consul')).edns?.options).toEqual([]);
});

test('a datacenter whose rows are not there yet, or not any more, has no names', async () => {
  cluster.others.delete('Far-1');
  expect((await ask('A web.service.far-1.consul')).code).toBe('NXDOMAIN');
});

test('where a datacenter is called instance, the word is its name', async () => {
  cluster.others.set('instance', catalogOf([nodeRow('i', '10.8.0.1'), serviceRow('i', 'web')], 'instance'));
  expect((await ask('A web.service.instance.consul')).answers).toHaveLength(1);
});
