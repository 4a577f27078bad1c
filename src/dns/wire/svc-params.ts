/** Parameters of SVCB and HTTPS records (RFC 9460 sections 2.2, 6, 7): strictly ascending keys, each with a length. */
import { addressBytes, ipText } from './address.js';
import type { SvcParam } from './message.js';
import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

const keyNumbers = { mandatory: 0, alpn: 1, 'no-default-alpn': 2, port: 3, ipv4hint: 4, ipv6hint: 6 } as const;

function numberOf(param: SvcParam): number {
  return typeof param.key === 'number' ? param.key : keyNumbers[param.key];
}

export function readSvcParams(reader: Reader): SvcParam[] {
  const params: SvcParam[] = [];
  let last = -1;
  while (reader.left > 0) {
    const key = reader.u16();
    if (key <= last) reader.fail('parameters are not in ascending order');
    last = key;
    const length = reader.u16();
    params.push(reader.within(length, (inside) => readParam(inside, key)));
  }
  return params;
}

function readParam(reader: Reader, key: number): SvcParam {
  switch (key) {
    case keyNumbers.mandatory:
      return { key: 'mandatory', keys: many(reader, () => reader.u16()) };
    case keyNumbers.alpn:
      return { key: 'alpn', protocols: many(reader, () => reader.text()) };
    case keyNumbers['no-default-alpn']:
      return { key: 'no-default-alpn' };
    case keyNumbers.port:
      return { key: 'port', port: reader.u16() };
    case keyNumbers.ipv4hint:
      return { key: 'ipv4hint', addresses: many(reader, () => ipText(reader.raw(4))) };
    case keyNumbers.ipv6hint:
      return { key: 'ipv6hint', addresses: many(reader, () => ipText(reader.raw(16))) };
    default:
      return { key, value: reader.raw(reader.left) };
  }
}

/** A list that runs to the end of its parameter and has at least one item. */
function many<T>(reader: Reader, read: () => T): T[] {
  const items = [read()];
  while (reader.left > 0) items.push(read());
  return items;
}

export function writeSvcParams(writer: Writer, params: readonly SvcParam[]): void {
  for (const param of params.toSorted((a, b) => numberOf(a) - numberOf(b))) {
    writer.u16(numberOf(param));
    writer.counted(() => writeParam(writer, param));
  }
}

function writeParam(writer: Writer, param: SvcParam): void {
  switch (param.key) {
    case 'mandatory':
      return [...param.keys].sort((a, b) => a - b).forEach((key) => writer.u16(key));
    case 'alpn':
      return param.protocols.forEach((protocol) => writer.text(protocol));
    case 'no-default-alpn':
      return undefined;
    case 'port':
      return writer.u16(param.port);
    case 'ipv4hint':
      return param.addresses.forEach((address) => writer.raw(addressBytes(address, 4)));
    case 'ipv6hint':
      return param.addresses.forEach((address) => writer.raw(addressBytes(address, 16)));
    default:
      return writer.raw(param.value);
  }
}
