/**
 * Throws damaged and random messages at the decoder and at a whole responder until told to stop: `--seconds N` (10),
 * `--seed N` (random, printed; the same seed throws the same messages). Ends with an error at the first of:
 * - anything but DnsParseError out of the decoder;
 * - a decoded message that is not the same after encoding and decoding it again;
 * - an answer that cannot be decoded, is larger than its asker takes, or follows from an error inside;
 * - one message that takes longer than 250 ms.
 */
import { deepStrictEqual } from 'node:assert';
import { createDnsServer, decodeMessage, DnsParseError, encodeMessage } from '../src/dns/index.js';
import type { Message } from '../src/dns/index.js';
import type { Random } from '../src/runtime/index.js';
import { seededRandom } from '../src/testing/seeded-random.js';
import { questionBytes } from '../test/support/dns-ask.js';
import { catalogOf, fleetRows, nodeRow, queriesOver, serviceRow } from '../test/support/dns-catalog.js';

const SLOW_MS = 250;
const seconds = numberAfter('--seconds', 10);
const seed = numberAfter('--seed', Math.floor(Math.random() * 2 ** 31));
const random = seededRandom(seed);

const catalog = catalogOf([
  ...fleetRows('web', 30),
  nodeRow('odd name', '10.0.0.1', { meta: { k: 'v'.repeat(400) } }),
  serviceRow('odd name', 'alias', { address: 'web.service.consul', meta: { alpn: 'h2' } }),
  serviceRow('odd name', 'consul'),
]);
const server = createDnsServer({
  catalog,
  queries: queriesOver(catalog, { q: { service: 'web' } }),
  random,
  config: { records: ['x.consul TYPE65280 \\# 1 00', 'y.consul CNAME web.service.consul'] },
});

const seeds = seedMessages();
const until = performance.now() + seconds * 1000;
let thrown = 0;
let decoded = 0;
console.log(`fuzz-dns: seed ${seed}, ${seconds} s`);
while (performance.now() < until) {
  const bytes = random.next() < 0.1 ? noise(random) : damaged(pick(seeds), random);
  const began = performance.now();
  try {
    tryDecoder(bytes);
    await tryServer(bytes);
    if (performance.now() - began > SLOW_MS) throw new Error('too slow');
  } catch (error) {
    console.error(`after ${thrown} messages, with ${bytes.toString('hex')}`);
    throw error;
  }
  thrown++;
}
console.log(`${thrown} messages thrown, ${decoded} of them readable; all is well`);

function tryDecoder(bytes: Buffer): void {
  let message: Message;
  try {
    message = decodeMessage(bytes);
  } catch (error) {
    if (error instanceof DnsParseError) return;
    throw error;
  }
  decoded++;
  deepStrictEqual(decodeMessage(encodeMessage(message)), message);
}

async function tryServer(bytes: Buffer): Promise<void> {
  const { status, body } = await server.doh('POST', 'application/dns-message', bytes, '192.0.2.1');
  if (status === 200) decodeMessage(body);
  if (server.stats.internalErrors > 0) throw new Error('an error inside the responder');
}

function seedMessages(): Buffer[] {
  const names = ['web.service.consul', 'alias.service.consul', 'q.query.consul', 'x.consul', 'y.consul', 'a.b'];
  const odd = ['_web._tcp.service.consul', 'odd\\032name.node.consul', '1.0.0.10.in-addr.arpa', '0a000001.addr.consul'];
  const types = ['A', 'AAAA', 'SRV', 'TXT', 'ANY', 'SOA', 'NS', 'PTR', 'HTTPS', 'SVCB', 'TYPE65280', 'AXFR'];
  const edns = {
    udpSize: 1232,
    version: 0,
    dnssecOk: true,
    options: [
      { type: 'ecs', family: 1, sourcePrefix: 8, scopePrefix: 0, address: Uint8Array.of(10) },
      { type: 'cookie', client: new Uint8Array(8), server: new Uint8Array() },
      { type: 'unknown', code: 65_001, data: Uint8Array.of(1, 2, 3) },
    ],
  } as const;
  const questions = [...names, ...odd].flatMap((name) =>
    types.flatMap((type) => [questionBytes(`${type} ${name}`), questionBytes(`${type} ${name}`, { edns })]),
  );
  return [...questions, everyType()];
}

/** A message with a record of each type we know, so that damage reaches every decoder. */
function everyType(): Buffer {
  const base = decodeMessage(questionBytes('ANY a.consul', { edns: 1232 }));
  const owner = { name: 'a.consul', class: 1, ttl: 60 } as const;
  return encodeMessage({
    ...base,
    answers: [
      { ...owner, type: 'A', address: '10.0.0.1' },
      { ...owner, type: 'AAAA', address: 'fd00::1' },
      { ...owner, type: 'CNAME', target: 'b.a.consul' },
      { ...owner, type: 'SRV', priority: 1, weight: 2, port: 3, target: 'b.a.consul' },
      { ...owner, type: 'TXT', strings: [Uint8Array.of(1, 2), new Uint8Array(0)] },
      { ...owner, type: 'MX', preference: 1, exchange: 'mx.a.consul' },
      { ...owner, type: 'CAA', flags: 0, tag: 'issue', value: Uint8Array.of(99) },
      { ...owner, type: 'NAPTR', order: 1, preference: 2, flags: 'u', services: 's', regexp: 'r', replacement: '.' },
      {
        ...owner,
        type: 'HTTPS',
        priority: 1,
        target: '.',
        params: [
          { key: 'alpn', protocols: ['h2'] },
          { key: 'port', port: 443 },
          { key: 'ipv4hint', addresses: ['10.0.0.1'] },
          { key: 'ipv6hint', addresses: ['fd00::1'] },
        ],
      },
      { ...owner, type: 'UNKNOWN', code: 65_280, rdata: Uint8Array.of(1, 2, 3) },
    ],
    authorities: [
      {
        ...owner,
        type: 'SOA',
        mname: 'ns.a.consul',
        rname: 'h.a.consul',
        serial: 1,
        refresh: 2,
        retry: 3,
        expire: 4,
        minimum: 5,
      },
    ],
  });
}

/** A few bytes changed, put in, taken out or cut off; often where counts, lengths and pointers are. */
function damaged(message: Buffer, { next }: Random): Buffer {
  let bytes = Buffer.from(message);
  const interesting = [0, 1, 12, 63, 64, 127, 128, 192, 255];
  for (let times = 1 + Math.floor(next() * 4); times > 0 && bytes.length > 1; times--) {
    const at = Math.floor(next() * bytes.length);
    const kind = next();
    if (kind < 0.5) bytes[at] = next() < 0.5 ? pick(interesting) : Math.floor(next() * 256);
    else if (kind < 0.65) bytes = bytes.subarray(0, at);
    else if (kind < 0.8) bytes = Buffer.concat([bytes.subarray(0, at), noise({ next }), bytes.subarray(at)]);
    else if (kind < 0.9) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    else bytes.writeUInt16BE(0xc000 | Math.floor(next() * bytes.length), Math.min(at, bytes.length - 2));
    bytes = Buffer.from(bytes);
  }
  return bytes;
}

function noise({ next }: Random): Buffer {
  return Buffer.from(Array.from({ length: Math.floor(next() * 40) }, () => Math.floor(next() * 256)));
}

function pick<T>(items: readonly T[]): T {
  return items[Math.floor(random.next() * items.length)] as T;
}

function numberAfter(flag: string, otherwise: number): number {
  const at = process.argv.indexOf(flag);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}
