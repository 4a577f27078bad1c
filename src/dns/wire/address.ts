/** IP addresses between text and bytes. Text of IPv6 is that of RFC 5952. */
import { isIPv4, isIPv6 } from 'node:net';
import { invalid } from '../../model/index.js';

export interface IpAddress {
  readonly family: 4 | 6;
  readonly text: string;
}

/** An address in canonical text; an IPv4 address mapped into IPv6 is IPv4. Undefined for anything else. */
export function parseIp(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { family: 4, text };
  if (!isIPv6(text)) return undefined;
  const bytes = ipBytes(text);
  if (bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff) {
    return { family: 4, text: ipText(bytes.subarray(12)) };
  }
  return { family: 6, text: ipText(bytes) };
}

/** The bytes of an address of the family that takes `size`. */
export function addressBytes(address: string, size: 4 | 16): Uint8Array {
  const ip = parseIp(address);
  // A mapped address stays sixteen bytes in an AAAA record.
  if (size === 16 && address.includes(':') && ip) return ipBytes(address);
  if (!ip || (ip.family === 4) !== (size === 4)) {
    throw invalid(`"${address}" is not an IPv${size === 4 ? 4 : 6} address`);
  }
  return ipBytes(ip.text);
}

/** 4 or 16 bytes of a valid address. */
export function ipBytes(text: string): Uint8Array {
  if (!text.includes(':')) return v4Bytes(text);
  const [address = ''] = text.split('%', 1);
  const [head = '', tail] = address.split('::', 2);
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const bytes = new Uint8Array(16);
  bytes.set(left);
  bytes.set(right, 16 - right.length);
  return bytes;
}

/** By hand: this is done for every A record, and `split` with `Number` takes five times as long. */
function v4Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(4);
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2e) at++;
    else bytes[at] = (bytes[at] as number) * 10 + code - 0x30;
  }
  return bytes;
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

export function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  const words = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number));
  const gap = longestGap(words);
  const hex = words.map((word) => word.toString(16));
  if (!gap) return hex.join(':');
  return `${hex.slice(0, gap.start).join(':')}::${hex.slice(gap.end).join(':')}`;
}

/** The first longest run of at least two zero words. */
function longestGap(words: readonly number[]): { start: number; end: number } | undefined {
  let best: { start: number; end: number } | undefined;
  for (let i = 0; i < words.length;) {
    let end = i;
    while (words[end] === 0) end++;
    if (end - i >= 2 && (!best || end - i > best.end - best.start)) best = { start: i, end };
    i = end + 1;
  }
  return best;
}
