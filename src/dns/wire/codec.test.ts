import packet from 'dns-packet';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMessage, DnsParseError, encodeMessage, foldName, nameBytes, nameFromText, splitName } from './index.js';
import type { EdnsOption, Message, RecordData, ResourceRecord, SvcParam } from './index.js';

const plain: Message = {
  id: 1,
  response: true,
  opcode: 0,
  authoritative: true,
  truncated: false,
  recursionDesired: false,
  recursionAvailable: false,
  authenticData: false,
  checkingDisabled: false,
  rcode: 0,
  questions: [],
  answers: [],
  authorities: [],
  additionals: [],
};

const u8 = fc.nat(255);
const u16 = fc.nat(65535);
const u32 = fc.nat(0xffffffff);
const bytes = (max: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ maxLength: max }).map((a) => Uint8Array.from(a));
const label = fc.oneof(
  { weight: 4, arbitrary: fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/) },
  fc.stringMatching(/^[ .\\a-z\u00e9"]{1,6}$/),
);
const name = fc.oneof(
  fc.constant('.'),
  fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => {
    const escaped = labels.map((one) =>
      one.replace(/[.\\]/g, '\\$&').replace(/ /g, '\\032').replace(/é/g, '\\195\\169'),
    );
    return escaped.join('.');
  }),
);
const ipv4 = fc.tuple(u8, u8, u8, u8).map((parts) => parts.join('.'));
// Canonical as Node prints it, but for mapped addresses, which have a text of their own.
const ipv6 = fc
  .array(fc.oneof(fc.constant(0), u16), { minLength: 8, maxLength: 8 })
  .map((words) => new URL(`http://[${words.map((word) => word.toString(16)).join(':')}]`).hostname.slice(1, -1));
const latin = (max: number): fc.Arbitrary<string> =>
  bytes(max).map((content) => Buffer.from(content).toString('latin1'));

const param: fc.Arbitrary<SvcParam> = fc.oneof(
  fc.record({ key: fc.constant('mandatory' as const), keys: fc.constant([1, 4]) }),
  fc.record({ key: fc.constant('alpn' as const), protocols: fc.array(latin(8), { minLength: 1, maxLength: 3 }) }),
  fc.record({ key: fc.constant('no-default-alpn' as const) }),
  fc.record({ key: fc.constant('port' as const), port: u16 }),
  fc.record({ key: fc.constant('ipv4hint' as const), addresses: fc.array(ipv4, { minLength: 1, maxLength: 3 }) }),
  fc.record({ key: fc.constant('ipv6hint' as const), addresses: fc.array(ipv6, { minLength: 1, maxLength: 3 }) }),
  fc.record({ key: fc.integer({ min: 7, max: 65535 }), value: bytes(12) }),
);
const keyOrder = ['mandatory', 'alpn', 'no-default-alpn', 'port', 'ipv4hint', 'ipv6hint'];
const orderOf = (one: SvcParam): number => (typeof one.key === 'number' ? one.key : keyOrder.indexOf(one.key));
const params = fc
  .uniqueArray(param, { selector: (one) => one.key, maxLength: 5 })
  .map((list) => list.toSorted((a, b) => orderOf(a) - orderOf(b)));

const data: fc.Arbitrary<RecordData> = fc.oneof(
  fc.record({ type: fc.constant('A' as const), address: ipv4 }),
  fc.record({ type: fc.constant('AAAA' as const), address: ipv6 }),
  fc.record({ type: fc.constantFrom('CNAME' as const, 'NS' as const, 'PTR' as const), target: name }),
  fc.record({ type: fc.constant('TXT' as const), strings: fc.array(bytes(255), { minLength: 1, maxLength: 3 }) }),
  fc.record({ type: fc.constant('MX' as const), preference: u16, exchange: name }),
  fc.record({ type: fc.constant('SRV' as const), priority: u16, weight: u16, port: u16, target: name }),
  fc.record({ type: fc.constant('CAA' as const), flags: u8, tag: latin(15), value: bytes(20) }),
  fc.record({
    type: fc.constant('SOA' as const),
    mname: name,
    rname: name,
    serial: u32,
    refresh: u32,
    retry: u32,
    expire: u32,
    minimum: u32,
  }),
  fc.record({
    type: fc.constant('NAPTR' as const),
    order: u16,
    preference: u16,
    flags: latin(4),
    services: latin(10),
    regexp: latin(30),
    replacement: name,
  }),
  fc.record({ type: fc.constantFrom('SVCB' as const, 'HTTPS' as const), priority: u16, target: name, params }),
  fc.record({ type: fc.constant('UNKNOWN' as const), code: fc.integer({ min: 300, max: 65535 }), rdata: bytes(40) }),
);
const record: fc.Arbitrary<ResourceRecord> = fc
  .tuple(name, u32, data)
  .map(([owner, ttl, content]) => ({ name: owner, class: 1, ttl, ...content }));

const option: fc.Arbitrary<EdnsOption> = fc.oneof(
  fc.record({
    type: fc.constant('ecs' as const),
    family: fc.constant(1),
    sourcePrefix: fc.constant(20),
    scopePrefix: fc.nat(32),
    address: fc.uint8Array({ minLength: 3, maxLength: 3 }).map((a) => Uint8Array.from(a)),
  }),
  fc.record({
    type: fc.constant('cookie' as const),
    client: fc.uint8Array({ minLength: 8, maxLength: 8 }).map((a) => Uint8Array.from(a)),
    server: fc.oneof(
      fc.constant(new Uint8Array()),
      fc.uint8Array({ minLength: 8, maxLength: 32 }).map((a) => Uint8Array.from(a)),
    ),
  }),
  fc.record({ type: fc.constant('keepalive' as const) }),
  fc.record({
    type: fc.constant('ede' as const),
    code: u16,
    text: fc.string({ maxLength: 20 }),
  }),
  fc.record({ type: fc.constant('unknown' as const), code: fc.integer({ min: 100, max: 65535 }), data: bytes(20) }),
);

const message: fc.Arbitrary<Message> = fc
  .tuple(
    fc.record({
      id: u16,
      response: fc.boolean(),
      opcode: fc.nat(15),
      authoritative: fc.boolean(),
      truncated: fc.boolean(),
      recursionDesired: fc.boolean(),
      recursionAvailable: fc.boolean(),
      authenticData: fc.boolean(),
      checkingDisabled: fc.boolean(),
      rcode: fc.nat(15),
      questions: fc.array(fc.record({ name, type: u16, class: u16 }), { maxLength: 2 }),
      answers: fc.array(record, { maxLength: 6 }),
      authorities: fc.array(record, { maxLength: 2 }),
      additionals: fc.array(record, { maxLength: 6 }),
    }),
    fc.option(
      fc.record({
        udpSize: u16,
        version: u8,
        dnssecOk: fc.boolean(),
        options: fc.array(option, { maxLength: 3 }),
      }),
    ),
    fc.nat(255),
  )
  .map(([body, edns, high]) => (edns ? { ...body, edns, rcode: body.rcode | (high << 4) } : body));

function reads(input: Buffer): void {
  try {
    decodeMessage(input);
  } catch (error) {
    expect(error).toBeInstanceOf(DnsParseError);
  }
}

describe('messages', () => {
  test('what is written is read back, with and without compression', () => {
    fc.assert(
      fc.property(message, fc.boolean(), (original, compress) => {
        expect(decodeMessage(Buffer.from(encodeMessage(original, { compress })))).toEqual(original);
      }),
      { numRuns: 300 },
    );
  });

  test('compression only ever makes them smaller', () => {
    fc.assert(
      fc.property(message, (original) => {
        expect(encodeMessage(original).length).toBeLessThanOrEqual(encodeMessage(original, { compress: false }).length);
      }),
    );
  });

  test('no bytes do worse than a typed refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (junk) => reads(Buffer.from(junk))),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(message, fc.nat(), fc.nat(), u8, (original, cut, at, value) => {
        const damaged = Buffer.from(encodeMessage(original));
        damaged[at % damaged.length] = value;
        reads(damaged);
        reads(damaged.subarray(0, cut % damaged.length));
      }),
      { numRuns: 500 },
    );
  });

  test('an SRV target is never compressed (RFC 2782), a later name may point into it', () => {
    const srv = {
      name: 'a.consul',
      class: 1,
      ttl: 0,
      type: 'SRV',
      priority: 1,
      weight: 1,
      port: 1,
      target: 'x.a.consul',
    };
    const a = { name: 'x.a.consul', class: 1, ttl: 0, type: 'A', address: '10.0.0.1' };
    const wire = encodeMessage({ ...plain, answers: [srv as ResourceRecord], additionals: [a as ResourceRecord] });
    expect(wire.toString('latin1').split('\x01x\x01a\x06consul\x00')).toHaveLength(2);
    expect(wire.length).toBe(12 + 10 + 10 + 6 + 12 + 2 + 10 + 4);
  });
});

describe('hostile names', () => {
  const header = Buffer.from('000100000001000000000000', 'hex');
  const cases: readonly [string, string, string][] = [
    ['a pointer to itself', 'c00c', 'does not lead back'],
    ['a pointer forward', '01 61 c010 00 00'.replaceAll(' ', ''), 'does not lead back'],
    ['a loop over a label', '0161c00c', 'does not lead back'],
    ['a label over the end', '3f61', 'runs over the end'],
    ['a reserved label type', '8061', 'unknown label type'],
    ['no end', '0161', 'runs over the end'],
    ['half a pointer', '0161c0', 'runs over the end'],
    ['256 bytes', `${'3f'.padEnd(128, '61').repeat(4)}00`, 'over 255 bytes'],
  ];
  test.each(cases)('%s', (_, hex, complaint) => {
    expect(() => decodeMessage(Buffer.concat([header, Buffer.from(hex, 'hex')]))).toThrow(complaint);
  });

  test('a chain of pointers to pointers is cut off', () => {
    const chain = Buffer.alloc(400);
    for (let i = 1; i < 200; i++) chain.writeUInt16BE(0xc000 | (12 + 2 * (i - 1)), 2 * i);
    const count = Buffer.from(header);
    // The name is the last pointer; the bytes before it pass as the first question.
    count.writeUInt16BE(2, 4);
    const first = Buffer.from([0, 0, 1, 0, 1]);
    const shifted = Buffer.alloc(12 + first.length);
    count.copy(shifted);
    first.copy(shifted, 12);
    expect(() => decodeMessage(Buffer.concat([shifted, Buffer.from([0xc0, 0x0c]), Buffer.from([0, 1])]))).toThrow();
    expect(() => decodeMessage(Buffer.concat([count, chain]))).toThrow(DnsParseError);
  });
});

function withRecords(count: number, rest: string): Buffer {
  return Buffer.from(`0001000000000000000000${count.toString(16).padStart(2, '0')}${rest}`, 'hex');
}

describe('EDNS', () => {
  const opt = '0000290200000000000000';

  test('two OPT records, or one with a name, are refused (RFC 6891 6.1.1)', () => {
    expect(decodeMessage(withRecords(1, opt)).edns).toMatchObject({ udpSize: 512, options: [] });
    expect(() => decodeMessage(withRecords(2, opt + opt))).toThrow('second OPT');
    expect(() => decodeMessage(withRecords(1, `0161${opt}`))).toThrow('with a name');
  });

  const bad: readonly [string, string][] = [
    ['a client cookie of 7 bytes', '000a000701020304050607'],
    ['a server cookie of 1 byte', '000a0009010203040506070809'],
    ['a subnet of 33 bits', '000800060001210001020304'],
    ['a subnet with a byte too many', '0008000700011000010203'],
    ['an option over the end', '00080020'],
  ];
  test.each(bad)('%s is refused', (_, options) => {
    const length = (options.length / 2).toString(16).padStart(4, '0');
    expect(() => decodeMessage(withRecords(1, `${opt.slice(0, -4)}${length}${options}`))).toThrow(DnsParseError);
  });
});

describe('names', () => {
  test('words of a catalog become names, dots separating', () => {
    expect(nameFromText('web.1')).toBe('web.1');
    expect(nameFromText('db.example.com.')).toBe('db.example.com');
    expect(nameFromText('café au')).toBe('caf\\195\\169\\032au');
    expect(nameFromText('a\\b')).toBe('a\\\\b');
    for (const bad of ['', 'a..b', '.a', 'x'.repeat(64), 'abc.'.repeat(64)]) expect(nameFromText(bad)).toBeUndefined();
  });

  test('labels are given back as people write them', () => {
    expect(splitName('a\\.b.caf\\195\\169.x')).toEqual(['a.b', 'café', 'x']);
    expect(splitName('.')).toEqual([]);
  });

  test('folding touches ASCII letters alone', () => {
    expect(foldName('A\\195\\137')).toBe('a\\195\\137');
    expect(nameBytes('a\\195\\137.b')).toBe(7);
  });
});

describe('beside dns-packet', () => {
  const records = [
    { type: 'A', name: 'a.example.com', ttl: 5, data: '10.1.2.3' },
    { type: 'AAAA', name: 'a.example.com', ttl: 5, data: 'fd00::1' },
    { type: 'CNAME', name: 'b.example.com', ttl: 5, data: 'a.example.com' },
    { type: 'NS', name: 'example.com', ttl: 5, data: 'ns.example.com' },
    { type: 'PTR', name: '1.0.0.10.in-addr.arpa', ttl: 5, data: 'a.example.com' },
    { type: 'TXT', name: 'a.example.com', ttl: 5, data: [Buffer.from('k=v'), Buffer.from('x')] },
    { type: 'MX', name: 'example.com', ttl: 5, data: { preference: 10, exchange: 'mx.example.com' } },
    {
      type: 'SRV',
      name: '_a._tcp.example.com',
      ttl: 5,
      data: { priority: 1, weight: 2, port: 3, target: 'a.example.com' },
    },
    {
      type: 'CAA',
      name: 'example.com',
      ttl: 5,
      data: { flags: 128, issuerCritical: true, tag: 'issue', value: 'ca.example' },
    },
    {
      type: 'SOA',
      name: 'example.com',
      ttl: 5,
      data: { mname: 'ns.example.com', rname: 'h.example.com', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 },
    },
    {
      type: 'NAPTR',
      name: 'n.example.com',
      ttl: 5,
      data: { order: 1, preference: 2, flags: 'u', services: 'E2U+sip', regexp: '!^.*$!sip:a@b!', replacement: '.' },
    },
  ] as unknown as packet.Answer[];

  test.each(records)('$type', (one) => {
    const theirs = packet.encode({ id: 7, type: 'response', questions: [], answers: [one] });
    const ours = decodeMessage(theirs);
    expect(ours.answers).toHaveLength(1);
    const again = packet.decode(Buffer.from(encodeMessage(ours)));
    expect(again.answers).toEqual(packet.decode(theirs).answers);
  });

  test('a query with a client subnet', () => {
    const theirs = packet.encode({
      id: 7,
      type: 'query',
      flags: packet.RECURSION_DESIRED,
      questions: [{ name: 'a.consul', type: 'SRV' }],
      additionals: [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: 1232,
          options: [{ code: 'CLIENT_SUBNET', ip: '10.1.0.0', sourcePrefixLength: 16, scopePrefixLength: 0 }],
        } as unknown as packet.OptAnswer,
      ],
    });
    const ours = decodeMessage(theirs);
    expect(ours).toMatchObject({
      recursionDesired: true,
      questions: [{ name: 'a.consul', type: 33, class: 1 }],
      edns: { udpSize: 1232, options: [{ type: 'ecs', family: 1, sourcePrefix: 16, address: Uint8Array.of(10, 1) }] },
    });
    expect(Buffer.from(encodeMessage(ours))).toEqual(theirs);
  });
});
