/**
 * The data of each record type, one entry a type: how it is read and written. Sources: RFC 1035 3.3 (A, NS, CNAME, SOA,
 * PTR, MX, TXT), 3596 (AAAA), 2782 (SRV), 3403 (NAPTR), 8659 (CAA), 9460 (SVCB, HTTPS). Anything else, and these types
 * in another class, is opaque bytes (RFC 3597).
 */
import { addressBytes, ipText } from './address.js';
import { classCodes, typeCodes } from './codes.js';
import type { RecordData, SoaData } from './message.js';
import type { Reader } from './reader.js';
import { readSvcParams, writeSvcParams } from './svc-params.js';
import type { Writer } from './writer.js';

type Of<T extends RecordData['type']> = Extract<RecordData, { readonly type: T }>;
type Known = Exclude<RecordData['type'], 'UNKNOWN'>;

interface Codec<T extends RecordData['type']> {
  /** Reads up to the end of the data. */
  readonly read: (reader: Reader) => Of<T>;
  readonly write: (writer: Writer, data: Of<T>) => void;
}

const codecs: { readonly [T in Known]: Codec<T> } = {
  A: { read: (r) => ({ type: 'A', address: ipText(r.raw(4)) }), write: (w, d) => w.raw(addressBytes(d.address, 4)) },
  AAAA: {
    read: (r) => ({ type: 'AAAA', address: ipText(r.raw(16)) }),
    write: (w, d) => w.raw(addressBytes(d.address, 16)),
  },
  NS: { read: (r) => ({ type: 'NS', target: r.name() }), write: (w, d) => w.name(d.target, 'compressed') },
  CNAME: { read: (r) => ({ type: 'CNAME', target: r.name() }), write: (w, d) => w.name(d.target, 'compressed') },
  PTR: { read: (r) => ({ type: 'PTR', target: r.name() }), write: (w, d) => w.name(d.target, 'compressed') },
  SOA: { read: readSoa, write: writeSoa },
  TXT: {
    read: (r) => ({ type: 'TXT', strings: readStrings(r) }),
    write: (w, d) => {
      if (d.strings.length === 0) w.text('');
      for (const one of d.strings) w.text(one);
    },
  },
  MX: {
    read: (r) => ({ type: 'MX', preference: r.u16(), exchange: r.name() }),
    write: (w, d) => {
      w.u16(d.preference);
      w.name(d.exchange, 'compressed');
    },
  },
  SRV: {
    read: (r) => ({ type: 'SRV', priority: r.u16(), weight: r.u16(), port: r.u16(), target: r.name() }),
    write: (w, d) => {
      w.u16(d.priority);
      w.u16(d.weight);
      w.u16(d.port);
      w.name(d.target, 'plain');
    },
  },
  CAA: {
    read: (r) => ({ type: 'CAA', flags: r.u8(), tag: r.text(), value: r.raw(r.left) }),
    write: (w, d) => {
      w.u8(d.flags);
      w.text(d.tag);
      w.raw(d.value);
    },
  },
  NAPTR: {
    read: (r) => ({
      type: 'NAPTR',
      order: r.u16(),
      preference: r.u16(),
      flags: r.text(),
      services: r.text(),
      regexp: r.text(),
      replacement: r.name(),
    }),
    write: (w, d) => {
      w.u16(d.order);
      w.u16(d.preference);
      for (const one of [d.flags, d.services, d.regexp]) w.text(one);
      w.name(d.replacement, 'plain');
    },
  },
  SVCB: {
    read: (r) => ({ type: 'SVCB', ...readBinding(r) }),
    write: (w, d) => writeBinding(w, d),
  },
  HTTPS: {
    read: (r) => ({ type: 'HTTPS', ...readBinding(r) }),
    write: (w, d) => writeBinding(w, d),
  },
};

const byCode = new Map<number, Codec<Known>>(
  Object.entries(codecs).map(([name, codec]) => [typeCodes[name as Known], codec as Codec<Known>]),
);
/** Types whose form RFC 1035 and 3596 define for the Internet class alone. */
const internetOnly = new Set<number>([typeCodes.A, typeCodes.AAAA, typeCodes.SRV, typeCodes.SVCB, typeCodes.HTTPS]);

export function readData(reader: Reader, code: number, recordClass: number, length: number): RecordData {
  const codec = byCode.get(code);
  if (!codec || (recordClass !== classCodes.IN && internetOnly.has(code))) {
    return { type: 'UNKNOWN', code, rdata: reader.raw(length) };
  }
  return reader.within(length, codec.read);
}

export function writeData(writer: Writer, data: RecordData): void {
  if (data.type === 'UNKNOWN') return writer.raw(data.rdata);
  const codec = codecs[data.type] as Codec<Known>;
  codec.write(writer, data);
}

export function codeOf(data: RecordData): number {
  return data.type === 'UNKNOWN' ? data.code : typeCodes[data.type];
}

function readStrings(reader: Reader): Uint8Array[] {
  const strings = [reader.raw(reader.u8())];
  while (reader.left > 0) strings.push(reader.raw(reader.u8()));
  return strings;
}

function readSoa(reader: Reader): SoaData {
  return {
    type: 'SOA',
    mname: reader.name(),
    rname: reader.name(),
    serial: reader.u32(),
    refresh: reader.u32(),
    retry: reader.u32(),
    expire: reader.u32(),
    minimum: reader.u32(),
  };
}

function writeSoa(writer: Writer, data: SoaData): void {
  writer.name(data.mname, 'compressed');
  writer.name(data.rname, 'compressed');
  for (const number of [data.serial, data.refresh, data.retry, data.expire, data.minimum]) writer.u32(number);
}

type Binding = Pick<Of<'SVCB' | 'HTTPS'>, 'priority' | 'target' | 'params'>;

function readBinding(reader: Reader): Binding {
  return { priority: reader.u16(), target: reader.name('refused'), params: readSvcParams(reader) };
}

function writeBinding(writer: Writer, data: Binding): void {
  writer.u16(data.priority);
  writer.name(data.target, 'plain');
  writeSvcParams(writer, data.params);
}
