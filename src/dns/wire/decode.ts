/**
 * Bytes → message. Bounded by the bytes given: every record takes at least eleven of them, names at most 255 bytes and
 * 127 pointers. Throws DnsParseError and nothing else. Bytes after the message are ignored, as everybody does.
 */
import { typeCodes } from './codes.js';
import type { Edns, Message, Question, ResourceRecord } from './message.js';
import { readOptions } from './options.js';
import { DnsParseError } from './parse-error.js';
import { readData } from './rdata.js';
import { Reader } from './reader.js';

export const headerBytes = 12;

export interface Header {
  readonly id: number;
  readonly flags: number;
  readonly response: boolean;
  readonly opcode: number;
  readonly questions: number;
  readonly answers: number;
  readonly authorities: number;
  readonly additionals: number;
}

/** Undefined when there are fewer bytes than a header has. */
export function readHeader(bytes: Buffer): Header | undefined {
  if (bytes.length < headerBytes) return undefined;
  const flags = bytes.readUInt16BE(2);
  return {
    id: bytes.readUInt16BE(0),
    flags,
    response: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 0xf,
    questions: bytes.readUInt16BE(4),
    answers: bytes.readUInt16BE(6),
    authorities: bytes.readUInt16BE(8),
    additionals: bytes.readUInt16BE(10),
  };
}

export interface DecodeOptions {
  /** What becomes of every name in the message; as it is, unless given. */
  readonly names?: (name: string) => string;
}

export function decodeMessage(bytes: Buffer, { names }: DecodeOptions = {}): Message {
  const header = readHeader(bytes);
  if (!header) throw new DnsParseError('message is shorter than its header', bytes.length);
  const { flags } = header;
  const reader = new Reader(bytes, headerBytes, names);
  const questions = repeat(header.questions, () => readQuestion(reader));
  const answers = repeat(header.answers, () => readRecord(reader));
  const authorities = repeat(header.authorities, () => readRecord(reader));
  const { additionals, edns, extendedRcode } = readAdditionals(reader, header.additionals);
  return {
    id: header.id,
    response: header.response,
    opcode: header.opcode,
    authoritative: (flags & 0x400) !== 0,
    truncated: (flags & 0x200) !== 0,
    recursionDesired: (flags & 0x100) !== 0,
    recursionAvailable: (flags & 0x80) !== 0,
    authenticData: (flags & 0x20) !== 0,
    checkingDisabled: (flags & 0x10) !== 0,
    rcode: (flags & 0xf) | (extendedRcode << 4),
    questions,
    answers,
    authorities,
    additionals,
    ...(edns && { edns }),
  };
}

function repeat<T>(count: number, read: () => T): T[] {
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(read());
  return items;
}

function readQuestion(reader: Reader): Question {
  return { name: reader.name(), type: reader.u16(), class: reader.u16() };
}

function readRecord(reader: Reader): ResourceRecord {
  const name = reader.name();
  return readRecordBody(reader, name, reader.u16());
}

function readRecordBody(reader: Reader, name: string, code: number): ResourceRecord {
  if (code === typeCodes.OPT) reader.fail('OPT record outside the additional section');
  const recordClass = reader.u16();
  const ttl = reader.u32();
  const length = reader.u16();
  return { name, class: recordClass, ttl, ...readData(reader, code, recordClass, length) };
}

/** RFC 6891 6.1.1: one OPT record at most, owned by the root. */
function readAdditionals(reader: Reader, count: number) {
  const additionals: ResourceRecord[] = [];
  let edns: Edns | undefined;
  let extendedRcode = 0;
  for (let i = 0; i < count; i++) {
    const name = reader.name();
    const code = reader.u16();
    if (code !== typeCodes.OPT) {
      additionals.push(readRecordBody(reader, name, code));
      continue;
    }
    if (edns || name !== '.') reader.fail('a second OPT record, or one with a name');
    const udpSize = reader.u16();
    extendedRcode = reader.u8();
    const version = reader.u8();
    const dnssecOk = (reader.u16() & 0x8000) !== 0;
    const length = reader.u16();
    edns = { udpSize, version, dnssecOk, options: reader.within(length, readOptions) };
  }
  return { additionals, edns, extendedRcode };
}
