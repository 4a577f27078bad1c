/**
 * The data of a record from its presentation form: RFC 1035 5.1, `\# LENGTH HEX` of RFC 3597 for any type, RFC 9460 2.1
 * for SVCB and HTTPS. Names are absolute, with or without their last dot. Throws INVALID_ARGUMENT saying what is wrong.
 */
import { invalid } from '../../model/index.js';
import { parseIp } from './address.js';
import { classCodes, typeCode, typeName } from './codes.js';
import type { RecordData, SvcParam } from './message.js';
import { labelBytes, nameBytes, trimDot } from './name.js';
import { readData } from './rdata.js';
import { Reader } from './reader.js';

type Parser = (words: Words) => RecordData;

const parsers = new Map<string, Parser>([
  ['A', (w) => ({ type: 'A', address: w.ip(4) })],
  ['AAAA', (w) => ({ type: 'AAAA', address: w.ip(6) })],
  ['CNAME', (w) => ({ type: 'CNAME', target: w.name() })],
  ['NS', (w) => ({ type: 'NS', target: w.name() })],
  ['PTR', (w) => ({ type: 'PTR', target: w.name() })],
  ['MX', (w) => ({ type: 'MX', preference: w.number(0xffff), exchange: w.name() })],
  ['TXT', (w) => ({ type: 'TXT', strings: w.strings() })],
  [
    'SRV',
    (w) => ({
      type: 'SRV',
      priority: w.number(0xffff),
      weight: w.number(0xffff),
      port: w.number(0xffff),
      target: w.name(),
    }),
  ],
  ['CAA', (w) => ({ type: 'CAA', flags: w.number(0xff), tag: w.text(), value: w.bytes() })],
  [
    'NAPTR',
    (w) => ({
      type: 'NAPTR',
      order: w.number(0xffff),
      preference: w.number(0xffff),
      flags: w.text(),
      services: w.text(),
      regexp: w.text(),
      replacement: w.name(),
    }),
  ],
  [
    'SOA',
    (w) => ({
      type: 'SOA',
      mname: w.name(),
      rname: w.name(),
      serial: w.number(0xffffffff),
      refresh: w.number(0xffffffff),
      retry: w.number(0xffffffff),
      expire: w.number(0xffffffff),
      minimum: w.number(0xffffffff),
    }),
  ],
  ['SVCB', (w) => ({ type: 'SVCB', priority: w.number(0xffff), target: w.name(), params: w.params() })],
  ['HTTPS', (w) => ({ type: 'HTTPS', priority: w.number(0xffff), target: w.name(), params: w.params() })],
]);

export function parseRecordData(type: string, text: string): RecordData {
  const code = typeCode(type);
  if (code === undefined) throw invalid(`"${type}" is not a DNS record type; write an unknown one as TYPE123`);
  const words = new Words(type, split(text));
  const data = words.peek() === '\\#' ? generic(code, words) : known(code, words);
  words.end();
  return data;
}

function known(code: number, words: Words): RecordData {
  const parse = parsers.get(typeName(code));
  if (!parse) throw words.wrong('is a type whose data must be given as \\# LENGTH HEX');
  return parse(words);
}

function generic(code: number, words: Words): RecordData {
  words.next();
  const length = words.number(0xffff);
  const bytes = Buffer.from(words.rest().join(''), 'hex');
  if (bytes.length !== length) throw words.wrong(`says ${length} bytes and gives ${bytes.length}`);
  return readData(new Reader(bytes), code, classCodes.IN, length);
}

/** Words of a line: quoted ones whole, escapes left in. */
function split(text: string): string[] {
  return text.match(/"(?:[^"\\]|\\.)*"|(?:[^\s"\\]|\\.)+/gs) ?? [];
}

class Words {
  private at = 0;

  constructor(
    private readonly type: string,
    private readonly words: readonly string[],
  ) {}

  wrong(what: string): Error {
    return invalid(`${this.type} record "${this.words.join(' ')}" ${what}`);
  }

  peek(): string | undefined {
    return this.words[this.at];
  }

  next(): string {
    const word = this.words[this.at++];
    if (word === undefined) throw this.wrong('is too short');
    return word;
  }

  rest(): string[] {
    const rest = this.words.slice(this.at);
    this.at = this.words.length;
    return rest;
  }

  end(): void {
    if (this.at < this.words.length) throw this.wrong('has more than belongs to it');
  }

  number(max: number): number {
    const word = this.next();
    if (!/^\d+$/.test(word) || Number(word) > max) throw this.wrong(`wants a number up to ${max}, not "${word}"`);
    return Number(word);
  }

  ip(family: 4 | 6): string {
    const word = this.next();
    const ip = parseIp(word);
    if (ip?.family !== family) throw this.wrong(`wants an IPv${family} address, not "${word}"`);
    return ip.text;
  }

  name(): string {
    const word = trimDot(this.next());
    if (nameBytes(word) === undefined) throw this.wrong(`wants a name, not "${word}"`);
    return word;
  }

  bytes(): Uint8Array {
    const word = this.next();
    return new Uint8Array(labelBytes(word.startsWith('"') ? word.slice(1, -1) : word));
  }

  strings(): Uint8Array[] {
    const strings = [this.bytes()];
    while (this.peek() !== undefined) strings.push(this.bytes());
    if (strings.some((one) => one.length > 255)) throw this.wrong('has a string of more than 255 bytes');
    return strings;
  }

  /** One byte a character. */
  text(): string {
    const bytes = this.bytes();
    if (bytes.length > 255) throw this.wrong('has a string of more than 255 bytes');
    return Buffer.from(bytes).toString('latin1');
  }

  params(): SvcParam[] {
    return this.rest().map((word) => this.param(word));
  }

  private param(word: string): SvcParam {
    const [, key = '', quoted = ''] = /^([^=]+)=?(.*)$/s.exec(word) ?? [];
    const value = quoted.replace(/^"(.*)"$/s, '$1');
    const list = value.split(',');
    switch (key) {
      case 'alpn':
        return { key, protocols: list };
      case 'no-default-alpn':
        return { key };
      case 'port':
        if (!/^\d+$/.test(value) || Number(value) > 0xffff) throw this.wrong(`has no port in "${word}"`);
        return { key, port: Number(value) };
      case 'ipv4hint':
      case 'ipv6hint':
        return { key, addresses: list.map((one) => this.hint(one, key === 'ipv4hint' ? 4 : 6)) };
      case 'mandatory':
        return { key, keys: list.map((one) => this.paramKey(one)) };
      default:
        return { key: this.paramKey(key), value: new Uint8Array(labelBytes(value)) };
    }
  }

  /** `key123`. */
  private paramKey(text: string): number {
    const digits = /^key(\d{1,5})$/.exec(text)?.[1];
    if (digits === undefined || Number(digits) > 0xffff) {
      throw this.wrong(`has a parameter "${text}"; known are alpn, no-default-alpn, port, ipv4hint, ipv6hint, key123`);
    }
    return Number(digits);
  }

  private hint(text: string, family: 4 | 6): string {
    const ip = parseIp(text);
    if (ip?.family !== family) throw this.wrong(`has no IPv${family} address in "${text}"`);
    return ip.text;
  }
}
