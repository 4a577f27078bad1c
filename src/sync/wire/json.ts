/** Free-form values: what JSON can say, and for the arguments and results of calls also undefined, bigint and bytes. */
import { invalid, limits } from '../../model/index.js';
import type { Json } from '../../model/index.js';
import type { ByteReader, ByteWriter } from './bytes.js';
import { WireError } from './bytes.js';
import { number, setOwn } from './codec.js';
import type { Codec } from './codec.js';

const KINDS = ['null', 'false', 'true', 'number', 'text', 'list', 'map', 'undefined', 'bigint', 'bytes'] as const;
type Kind = (typeof KINDS)[number];
const CODE = Object.fromEntries(KINDS.map((kind, at) => [kind, at])) as Readonly<Record<Kind, number>>;
const JSON_KINDS = KINDS.indexOf('undefined');
/** Of 64 bits, as text. */
const BIGINT = /^-?\d{1,20}$/;
/** A result may hold a row that holds as deep a document as there is. */
const DEPTH = limits.jsonDepth + 16;

export const json: Codec<Json> = {
  write: (out, value) => writeValue(out, value, DEPTH),
  read: (from) => readValue(from, JSON_KINDS, DEPTH) as Json,
};

export const anyValue: Codec<unknown> = {
  write: (out, value) => writeValue(out, value, DEPTH),
  read: (from) => readValue(from, KINDS.length, DEPTH),
};

function writeValue(out: ByteWriter, value: unknown, depth: number): void {
  if (depth === 0) throw invalid('a value nested too deep to be sent');
  const kind = kindOf(value);
  out.byte(CODE[kind]);
  if (kind === 'number') number.write(out, value as number);
  else if (kind === 'text') out.text(value as string);
  else if (kind === 'bigint') out.text(String(value));
  else if (kind === 'bytes') out.bytes(value as Uint8Array);
  else if (kind === 'list') {
    out.count((value as unknown[]).length);
    for (const item of value as unknown[]) writeValue(out, item, depth - 1);
  } else if (kind === 'map') {
    const entries = Object.entries(value as object);
    out.count(entries.length);
    for (const [key, item] of entries) {
      out.text(key);
      writeValue(out, item, depth - 1);
    }
  }
}

function kindOf(value: unknown): Kind {
  if (value === null || value === undefined || value === true || value === false) return String(value) as Kind;
  if (typeof value === 'number' && Number.isFinite(value)) return 'number';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'bigint') return 'bigint';
  if (value instanceof Uint8Array) return 'bytes';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'object' && isPlain(value)) return 'map';
  throw invalid(`a ${typeof value} that cannot be sent`);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

type Reader = (from: ByteReader, kinds: number, depth: number) => unknown;

const READERS: Readonly<Record<Kind, Reader>> = {
  null: () => null,
  false: () => false,
  true: () => true,
  undefined: () => undefined,
  number: (from) => number.read(from),
  text: (from) => from.text(),
  bigint: (from) => bigintOf(from.text()),
  bytes: (from) => Uint8Array.from(from.bytes()),
  list: readList,
  map: readMap,
};

function readValue(from: ByteReader, kinds: number, depth: number): unknown {
  if (depth === 0) throw new WireError('nested too deep');
  const code = from.byte();
  if (code >= kinds) throw new WireError(`a value of kind ${code}`);
  return READERS[KINDS[code] as Kind](from, kinds, depth);
}

function readList(from: ByteReader, kinds: number, depth: number): unknown[] {
  const size = from.size();
  const list: unknown[] = [];
  for (let at = 0; at < size; at++) list.push(readValue(from, kinds, depth - 1));
  return list;
}

function readMap(from: ByteReader, kinds: number, depth: number): Record<string, unknown> {
  const size = from.size();
  const map: Record<string, unknown> = {};
  for (let at = 0; at < size; at++) setOwn(map, from.text(), readValue(from, kinds, depth - 1));
  return map;
}

function bigintOf(text: string): bigint {
  if (!BIGINT.test(text)) throw new WireError('a bigint that is none');
  return BigInt(text);
}
