/** EDNS options (RFC 6891 6.1.2): client subnet 7871, cookies 7873, keepalive 7828, extended errors 8914. */
import { optionCodes } from './codes.js';
import type { EdnsOption } from './message.js';
import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

const addressBits = new Map([
  [1, 32],
  [2, 128],
]);

export function readOptions(reader: Reader): EdnsOption[] {
  const options: EdnsOption[] = [];
  while (reader.left > 0) {
    const code = reader.u16();
    const length = reader.u16();
    options.push(reader.within(length, (inside) => readOption(inside, code)));
  }
  return options;
}

function readOption(reader: Reader, code: number): EdnsOption {
  switch (code) {
    case optionCodes.ecs:
      return readSubnet(reader);
    case optionCodes.cookie:
      return readCookie(reader);
    case optionCodes.keepalive:
      return reader.left === 0 ? { type: 'keepalive' } : { type: 'keepalive', timeout: reader.u16() };
    case optionCodes.ede:
      return { type: 'ede', code: reader.u16(), text: Buffer.from(reader.raw(reader.left)).toString('utf8') };
    default:
      return { type: 'unknown', code, data: reader.raw(reader.left) };
  }
}

/** RFC 7871 section 6: no more address bytes than the source prefix needs, no longer prefix than the family has bits. */
function readSubnet(reader: Reader): EdnsOption {
  const family = reader.u16();
  const sourcePrefix = reader.u8();
  const scopePrefix = reader.u8();
  const bits = addressBits.get(family);
  if (bits !== undefined && (sourcePrefix > bits || scopePrefix > bits)) reader.fail('prefix is too long');
  if (bits !== undefined && reader.left !== Math.ceil(sourcePrefix / 8)) reader.fail('address does not fit its prefix');
  return { type: 'ecs', family, sourcePrefix, scopePrefix, address: reader.raw(reader.left) };
}

/** RFC 7873 section 5.2.2: 8 bytes from the client, and 8 to 32 from the server or none. */
function readCookie(reader: Reader): EdnsOption {
  const client = reader.raw(8);
  if (reader.left !== 0 && (reader.left < 8 || reader.left > 32)) reader.fail('cookie has a wrong length');
  return { type: 'cookie', client, server: reader.raw(reader.left) };
}

export function writeOption(writer: Writer, option: EdnsOption): void {
  writer.u16(option.type === 'unknown' ? option.code : optionCodes[option.type]);
  writer.counted(() => writeBody(writer, option));
}

function writeBody(writer: Writer, option: EdnsOption): void {
  switch (option.type) {
    case 'ecs':
      writer.u16(option.family);
      writer.u8(option.sourcePrefix);
      writer.u8(option.scopePrefix);
      return writer.raw(option.address);
    case 'cookie':
      writer.raw(option.client);
      return writer.raw(option.server);
    case 'keepalive':
      return option.timeout === undefined ? undefined : writer.u16(option.timeout);
    case 'ede':
      writer.u16(option.code);
      return writer.raw(Buffer.from(option.text));
    default:
      return writer.raw(option.data);
  }
}
