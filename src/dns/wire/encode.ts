/**
 * Message → bytes, names compressed (RFC 1035 4.1.4). Throws INVALID_ARGUMENT for a name or text that cannot be on the
 * wire; numbers are cut to their fields.
 */
import { invalid } from '../../model/index.js';
import { typeCodes } from './codes.js';
import type { Edns, Message, ResourceRecord } from './message.js';
import { writeOption } from './options.js';
import { codeOf, writeData } from './rdata.js';
import { Writer } from './writer.js';

export const maxMessageBytes = 65_535;

export interface EncodeOptions {
  /** On unless said otherwise. */
  readonly compress?: boolean;
}

export function encodeMessage(message: Message, options: EncodeOptions = {}): Buffer {
  const writer = new Writer({ compress: options.compress ?? true });
  writer.u16(message.id);
  writer.u16(flagsOf(message));
  writer.u16(message.questions.length);
  writer.u16(message.answers.length);
  writer.u16(message.authorities.length);
  writer.u16(message.additionals.length + (message.edns ? 1 : 0));
  for (const question of message.questions) {
    writer.name(question.name, 'compressed');
    writer.u16(question.type);
    writer.u16(question.class);
  }
  for (const record of message.answers) writeRecord(writer, record);
  for (const record of message.authorities) writeRecord(writer, record);
  for (const record of message.additionals) writeRecord(writer, record);
  if (message.edns) writeEdns(writer, message.edns, message.rcode);
  if (!message.edns && message.rcode > 0xf) throw invalid('an rcode above 15 needs EDNS');
  return writer.finish();
}

function flagsOf(message: Message): number {
  return (
    (message.response ? 0x8000 : 0) |
    ((message.opcode & 0xf) << 11) |
    (message.authoritative ? 0x400 : 0) |
    (message.truncated ? 0x200 : 0) |
    (message.recursionDesired ? 0x100 : 0) |
    (message.recursionAvailable ? 0x80 : 0) |
    (message.authenticData ? 0x20 : 0) |
    (message.checkingDisabled ? 0x10 : 0) |
    (message.rcode & 0xf)
  );
}

function writeRecord(writer: Writer, record: ResourceRecord): void {
  writer.name(record.name, 'compressed');
  writer.u16(codeOf(record));
  writer.u16(record.class);
  writer.u32(record.ttl);
  writer.counted(() => writeData(writer, record));
}

function writeEdns(writer: Writer, edns: Edns, rcode: number): void {
  writer.u8(0);
  writer.u16(typeCodes.OPT);
  writer.u16(edns.udpSize);
  writer.u8(rcode >>> 4);
  writer.u8(edns.version);
  writer.u16(edns.dnssecOk ? 0x8000 : 0);
  writer.counted(() => {
    for (const option of edns.options) writeOption(writer, option);
  });
}
