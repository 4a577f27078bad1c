import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lines } from '../../../test/support/dns-ask.js';
import { StaticRecords } from '../answer/static-records.js';
import { emptyQuery, typeCode } from '../index.js';
import type { Message, Question, ResourceRecord } from '../index.js';
import { questionFor } from './attempt.js';
import { readAnswer } from './read-answer.js';

function record(line: string): ResourceRecord {
  const [name = ''] = line.split(' ');
  return (new StaticRecords([line]).at(name) as readonly ResourceRecord[])[0] as ResourceRecord;
}

interface Sections {
  readonly answers?: readonly string[];
  readonly authorities?: readonly string[];
  readonly additionals?: readonly string[];
}

function message({ answers = [], authorities = [], additionals = [] }: Sections, more: Partial<Message> = {}): Message {
  return {
    ...emptyQuery,
    response: true,
    recursionAvailable: true,
    answers: answers.map(record),
    authorities: authorities.map(record),
    additionals: additionals.map(record),
    ...more,
  };
}

function question(text: string): Question {
  const [type = '', name = ''] = text.split(' ');
  return questionFor(name, typeCode(type) ?? 0);
}

const soa = (owner: string, ttl: number, minimum: number): string =>
  `${owner} ${ttl} SOA ns.example h.example 1 2 3 4 ${minimum}`;

describe('negative answers (RFC 2308)', () => {
  const cases: readonly [string, Sections, Partial<Message>, string, number][] = [
    [
      'NXDOMAIN, the lesser of TTL and minimum',
      { authorities: [soa('example', 60, 90)] },
      { rcode: 3 },
      'nxdomain',
      60,
    ],
    ['NODATA likewise', { authorities: [soa('example', 90, 60)] }, {}, 'nodata', 60],
    ['three hours at most', { authorities: [soa('example', 90_000, 90_000)] }, {}, 'nodata', 10_800],
    ['without an SOA', {}, { rcode: 3 }, 'nxdomain', 0],
    ['an SOA of elsewhere does not count', { authorities: [soa('other', 60, 60)] }, { rcode: 3 }, 'nxdomain', 0],
    ['the root is above every name', { authorities: [soa('.', 60, 60)] }, {}, 'nodata', 60],
    [
      'NXDOMAIN at the end of an alias',
      { answers: ['web.example 20 CNAME gone.example'], authorities: [soa('example', 60, 60)] },
      { rcode: 3 },
      'nxdomain',
      20,
    ],
    [
      'NODATA at the end of an alias',
      { answers: ['web.example 80 CNAME here.example'], authorities: [soa('example', 60, 60)] },
      {},
      'nodata',
      60,
    ],
    ['an alias alone', { answers: ['web.example 80 CNAME here.elsewhere'] }, {}, 'alias', 80],
    [
      'an alias, and an SOA that is not its target’s',
      { answers: ['web.example 80 CNAME here.elsewhere'], authorities: [soa('example', 60, 60)] },
      {},
      'alias',
      80,
    ],
  ];
  test.each(cases)('%s', (_, sections, more, outcome, ttlSeconds) => {
    expect(readAnswer(message(sections, more), question('A web.example'))).toMatchObject({
      outcome,
      ttlSeconds,
      records: [],
    });
  });

  test('a referral is no answer; one by a server that resolves, or speaks for the zone, is NODATA', () => {
    const refers = { authorities: ['example 60 NS ns.example'] };
    const asked = question('A web.example');
    expect(() => readAnswer(message(refers, { recursionAvailable: false }), asked)).toThrow('refers to others');
    expect(readAnswer(message(refers), asked).outcome).toBe('nodata');
    expect(readAnswer(message(refers, { recursionAvailable: false, authoritative: true }), asked).outcome).toBe(
      'nodata',
    );
  });
});

describe('records', () => {
  test('the least TTL of chain and records; one with the highest bit is 0 (RFC 2181)', () => {
    const answers = ['a.example 30 CNAME b.example', 'b.example 90 A 192.0.2.1', 'b.example 40 A 192.0.2.2'];
    expect(readAnswer(message({ answers }), question('A a.example')).ttlSeconds).toBe(30);
    const odd = message({ answers: ['a.example 5 A 192.0.2.1'] });
    const far = { ...odd, answers: odd.answers.map((one) => ({ ...one, ttl: 0x80000001 })) };
    expect(readAnswer(far, question('A a.example')).ttlSeconds).toBe(0);
  });

  test('of other classes, types and names are left out; the order of the chain does not matter', () => {
    const answers = [
      'c.example 9 A 192.0.2.1',
      'c.example 9 AAAA ::1',
      'x.example 9 A 192.0.2.66',
      'b.example 9 CNAME c.example',
      'A.Example 9 CNAME b.example',
    ];
    const whole = message({ answers });
    const chaos = { ...record('c.example 9 A 192.0.2.67'), class: 3 };
    const read = readAnswer({ ...whole, answers: [chaos, ...whole.answers] }, question('A a.example'));
    expect(lines(read.records)).toEqual(['c.example 9 A 192.0.2.1']);
    expect(read.aliases.map(({ name }) => name)).toEqual(['a.example', 'b.example']);
  });

  test('additional records of the names that records lead to, over aliases among them', () => {
    const read = readAnswer(
      message({
        answers: ['_x._tcp.example 9 SRV 1 1 80 a.example', '_x._tcp.example 9 SRV 1 1 80 b.example'],
        additionals: [
          'A.example 9 A 192.0.2.1',
          'b.example 9 CNAME c.example',
          'c.example 9 A 192.0.2.2',
          'd.example 9 A 192.0.2.66',
          '_x._tcp.example 9 TXT "of the owner"',
        ],
      }),
      question('SRV _x._tcp.example'),
    );
    expect(lines(read.additionals)).toEqual([
      'A.example 9 A 192.0.2.1',
      '_x._tcp.example 9 TXT "of the owner"',
      'b.example 9 CNAME c.example',
      'c.example 9 A 192.0.2.2',
    ]);
  });

  test.each([
    ['MX m.example', 'm.example 9 MX 1 t.example'],
    ['NS m.example', 'm.example 9 NS t.example'],
    ['HTTPS m.example', 'm.example 9 HTTPS 1 t.example. alpn=h2'],
    ['NAPTR m.example', 'm.example 9 NAPTR 1 1 "s" "x" "" t.example'],
  ])('%s leads to the addresses of its target', (asked, answer) => {
    const read = readAnswer(message({ answers: [answer], additionals: ['t.example 9 A 192.0.2.1'] }), question(asked));
    expect(lines(read.additionals)).toEqual(['t.example 9 A 192.0.2.1']);
  });

  test('chains up to 16 links, in any order, and no further', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer(), (links, seed) => {
        const chain = Array.from({ length: links }, (_, i) => `n${i}.example 9 CNAME n${i + 1}.example`);
        const answers = [...chain, `n${links}.example 9 A 192.0.2.1`];
        const turned = [...answers.slice(seed % answers.length), ...answers.slice(0, seed % answers.length)];
        const read = (): unknown => readAnswer(message({ answers: turned }), question('A n0.example')).aliases.length;
        if (links <= 16) expect(read()).toBe(links);
        else expect(read).toThrow('more than 16 aliases');
      }),
    );
  });

  test.each([[['a.example 9 CNAME a.example']], [['a.example 9 CNAME b.example', 'b.example 9 CNAME A.example']]])(
    'a circle is refused: %j',
    (answers) => {
      expect(() => readAnswer(message({ answers }), question('A a.example'))).toThrow('in a circle');
    },
  );
});
