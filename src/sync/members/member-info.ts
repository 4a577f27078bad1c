import { limits } from '../../model/index.js';
import type { MemberInfo } from '../messages.js';
import { infoHash } from './hash.js';

/** Of two infos of one origin: > 0 when `a` is to be kept. A total order, so that all agents keep the same one. */
export function compareInfo(a: MemberInfo, b: MemberInfo): number {
  if (a.inc !== b.inc) return a.inc - b.inc;
  if (a.left !== b.left) return a.left ? 1 : -1;
  const [a0, a1] = infoHash(a);
  const [b0, b1] = infoHash(b);
  return a0 - b0 || a1 - b1;
}

/** What is wrong with an info that came from outside; undefined when nothing is. */
export function infoFault(info: MemberInfo): string | undefined {
  if (typeof info !== 'object' || info === null) return 'not an info';
  const { origin, node, datacenter, host, build, primary, space } = info;
  if (!isText(origin, 1) || !isText(node, 1) || !isText(datacenter, 1) || !isText(host, 1))
    return 'a name is missing or too long';
  if (!isFileName(origin) || !isFileName(datacenter) || (space !== '' && !isFileName(space))) {
    return `an id or the datacenter is not of 1 to ${limits.memberIdLength} letters, digits, dots, - and _`;
  }
  if (!isText(build, 0) || !isText(primary, 0) || !isText(space, 0)) return 'a name is too long';
  if (!isNumber(info.inc, 1, limits.incarnation)) return 'inc is out of range';
  if (!isNumber(info.port, 0, 65_535)) return 'port is out of range';
  const { min, max } = info.protocol ?? {};
  if (!isNumber(min, 0, 1_000) || !isNumber(max, min, 1_000)) return 'protocol is no range';
  if (!Array.isArray(info.succeeds) || info.succeeds.length > limits.memberSucceeds) return 'succeeds is too long';
  if (!info.succeeds.every((origin) => isText(origin, 1) && origin !== info.origin)) return 'succeeds names no others';
  return typeof info.left === 'boolean' ? undefined : 'left is no truth value';
}

export function isNumber(value: unknown, least: number, most = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

/** A copy with exactly the fields of an info: nothing else of what a peer sent is kept, or told on. */
export function cleanInfo(info: MemberInfo): MemberInfo {
  const { origin, inc, node, datacenter, host, port, protocol, build, primary, space, succeeds, left } = info;
  return {
    origin,
    inc,
    node,
    datacenter,
    host,
    port,
    protocol: { min: protocol.min, max: protocol.max },
    build,
    primary,
    space,
    succeeds: [...succeeds],
    left,
  };
}

function isText(value: unknown, least: number): boolean {
  return typeof value === 'string' && value.length >= least && value.length <= limits.memberTextLength;
}

/** Copies of what others say are kept in files of these names. */
function isFileName(value: unknown): boolean {
  return isText(value, 1) && /^[\w.-]+$/.test(value as string) && (value as string).length <= limits.memberIdLength;
}
