/** The player itself: it must see every difference that the recordings are there to show. */
import { decode, encode, type Packet } from 'dns-packet';
import { describe, expect, it } from 'vitest';
import { compareDns } from './compare-dns.js';
import { compareHttp } from './compare-http.js';
import { compareJson } from './compare-json.js';
import { factsOf } from './conditions.js';
import type { Json, Recorded, RecordedDns, Step } from './format.js';
import type { HttpAnswer } from './http-call.js';
import { Placeholders } from './placeholders.js';
import { drop, keepOnly } from './pointers.js';
import { Variables } from './variables.js';

const ONE = '11111111-aaaa-bbbb-cccc-000000000001';
const TWO = '22222222-aaaa-bbbb-cccc-000000000002';

function differences(recorded: Json, value: Json, rules: { unordered?: string[]; exact?: string[] } = {}): number {
  const { unordered = [], exact = [] } = rules;
  return compareJson(recorded, value, { placeholders: new Placeholders(), unordered, exact }).length;
}

describe('recorded JSON', () => {
  it.each<[Json, Json]>([
    [{ a: 1 }, { a: 1, more: true }],
    [{ a: '<index>' }, { a: 7 }],
    [{ a: '<index>' }, { a: '7' }],
    ['at <time>', 'at 2024-01-01T00:00:00Z'],
    [
      ['<uuid#1>', '<uuid#2>', '<uuid#1>'],
      [ONE, TWO, ONE],
    ],
    [{ a: '<list>' }, { a: [] }],
    ['<text>', 'anything'],
    ['a <literal> text', 'a <literal> text'],
  ])('%j matches %j', (recorded, value) => {
    expect(differences(recorded, value)).toBe(0);
  });

  it.each<[Json, Json]>([
    [{ a: 1 }, {}],
    [{ a: 1 }, { a: '1' }],
    [{ a: null }, { a: '' }],
    [{ a: null }, { a: [] }],
    [{}, { a: 1 }],
    [{}, []],
    [[], {}],
    [
      [1, 2],
      [2, 1],
    ],
    [[1], [1, 2]],
    [{ a: '<index>' }, { a: 0 }],
    [
      ['<uuid#1>', '<uuid#1>'],
      [ONE, TWO],
    ],
    [
      ['<uuid#1>', '<uuid#2>'],
      [ONE, ONE],
    ],
    ['<text>', 7],
    ['.*', 'ab'],
  ])('%j differs from %j', (recorded, value) => {
    expect(differences(recorded, value)).toBeGreaterThan(0);
  });

  it('may be in any order, or allow no other keys, where a rule says so', () => {
    expect(
      differences(
        [
          { a: '<uuid#1>', n: 1 },
          { a: '<uuid#2>', n: 2 },
        ],
        [
          { a: TWO, n: 2 },
          { a: ONE, n: 1 },
        ],
        { unordered: [''] },
      ),
    ).toBe(0);
    expect(differences([1, 1, 2], [1, 2, 2], { unordered: [''] })).toBeGreaterThan(0);
    expect(differences({ x: { a: 1 } }, { x: { a: 1, b: 2 } }, { exact: ['/*'] })).toBe(1);
  });

  it('is cut to what the rules keep', () => {
    const value: Json = { a: [{ b: 1, c: 2 }, { c: 3 }], d: 4 };
    expect(keepOnly(value, ['/a/*/b'])).toEqual({ a: [{ b: 1 }, {}] });
    expect(drop(value, ['/*/*/c', '/d'])).toEqual({ a: [{ b: 1 }, {}] });
  });
});

function answer(status: number, body: string, headers: Record<string, string> = {}): HttpAnswer {
  const json = body.startsWith('{') ? (JSON.parse(body) as Json) : undefined;
  return { status, headers: new Map(Object.entries(headers)), body: Buffer.from(body), json, tookMs: 100 };
}

function compare(recorded: Recorded, given: HttpAnswer, step: Step = {}): number {
  return compareHttp(recorded, given, step, new Placeholders()).length;
}

describe('recorded HTTP answers', () => {
  it('are compared by status, headers and body', () => {
    expect(compare({ status: 200 }, answer(404, ''))).toBe(1);
    expect(
      compare(
        { headers: { 'content-type': 'text/plain' } },
        answer(200, '', { 'content-type': 'text/plain; charset=utf-8' }),
      ),
    ).toBe(0);
    expect(compare({ headers: { allow: 'GET,PUT' } }, answer(405, '', { allow: 'OPTIONS,PUT,GET' }))).toBe(0);
    expect(compare({ headers: { 'x-consul-index': '<index>' } }, answer(200, ''))).toBe(1);
    expect(compare({ headers: { 'x-consul-index': '<index>' } }, answer(500, ''))).toBe(0);
    expect(compare({ absent: ['x-consul-index'] }, answer(200, '', { 'x-consul-index': '1' }))).toBe(1);
    expect(compare({ text: 'No such' }, answer(404, 'No such thing'))).toBe(1);
    expect(compare({ text: 'No such' }, answer(404, 'No such thing'), { textRule: { starts: 'No such' } })).toBe(0);
    expect(compare({ json: { a: 1 } }, answer(200, 'no json'))).toBe(1);
    expect(compare({ without: ['/a'] }, answer(200, '{"a":1}'))).toBe(1);
  });

  it('are put in relation and timed', () => {
    const step: Step = { rel: { grew: 'header:i > 9', same: '/a == 1' }, took: [0, 50], bodyHas: ['"a"'] };
    expect(factsOf(step, answer(200, '{"a":1}', { i: '10' }))).toEqual({
      grew: true,
      same: true,
      took: '100 ms, wanted 0 to 50',
      bodyHas: true,
    });
  });
});

describe('recorded DNS answers', () => {
  const packet = {
    type: 'response',
    flags: 0x400,
    questions: [{ type: 'A', name: 'Web.service.consul', class: 'IN' }],
    answers: [
      { type: 'A', name: 'Web.service.consul', ttl: 0, data: '10.0.0.1' },
      { type: 'A', name: 'Web.service.consul', ttl: 0, data: '10.0.0.2' },
    ],
    additionals: [{ type: 'TXT', name: 'n.node.consul', ttl: 0, data: 'a=b' }],
  };
  const bytes = encode(packet as unknown as Packet);
  const compareOne = (recorded: RecordedDns, step: Step = {}): number =>
    compareDns(recorded, { packet: decode(bytes), bytes: bytes.length }, step, new Placeholders()).length;

  it('are compared as sets of lines', () => {
    const lines = ['web.service.consul 0 IN A 10.0.0.2', 'web.service.consul 0 IN A 10.0.0.1'];
    expect(
      compareOne({
        rcode: 'NOERROR',
        flags: 'aa',
        question: ['web.service.consul IN A'],
        answer: lines,
        authority: [],
        edns: null,
      }),
    ).toBe(0);
    expect(compareOne({ additional: ['n.node.consul 0 IN TXT "a=b"'] })).toBe(0);
    expect(compareOne({ answer: lines.slice(1) })).toBe(1);
    expect(compareOne({ answer: lines }, { keepCase: true })).toBeGreaterThan(0);
    expect(compareOne({ rcode: 'NXDOMAIN' })).toBe(1);
    expect(compareOne({ flags: 'aa tc' })).toBe(1);
    expect(compareOne({ additional: ['other 0 IN A 10.0.0.1'] })).toBe(1);
    expect(compareOne({ edns: {} })).toBe(1);
    expect(compareOne({ answerCount: 3 })).toBe(1);
    expect(compareOne({ answerRange: [3, 9] })).toBe(1);
    expect(compareOne({ fits: true }, { count: 20 })).toBe(1);
  });
});

it('variables fill every text, and become numbers where asked', () => {
  const variables = new Variables();
  variables.set('i', '17');
  const value = { 'k-${i}': ['${i}/x', '${num:i}'] };
  expect(variables.substitute(value)).toEqual({ 'k-17': ['17/x', 17] });
  expect(() => variables.substitute('${unknown}')).toThrow('unknown');
});
