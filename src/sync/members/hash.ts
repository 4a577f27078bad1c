/** 32-bit hashes that are the same on every agent: FNV-1a, mixed by the finaliser of MurmurHash3. Not for secrets. */
import type { Hash, MemberInfo } from '../messages.js';

export function hashText(text: string, seed = 0): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mix(hash);
}

/** Of a pair, in that order: the weight of `candidate` for `about` in rendezvous hashing (Thaler and Ravishankar 1998). */
export function weigh(about: number, candidate: number): number {
  return mix(Math.imul(about, 0x9e3779b1) ^ candidate);
}

/** Of everything an agent says of itself. */
export function infoHash(info: MemberInfo): Hash {
  const text = JSON.stringify([
    info.origin,
    info.inc,
    info.node,
    info.datacenter,
    info.host,
    info.port,
    info.protocol.min,
    info.protocol.max,
    info.build,
    info.primary,
    info.space,
    info.succeeds,
    info.left,
  ]);
  return [hashText(text), hashText(text, 0x5bd1e995)];
}

function mix(value: number): number {
  let hash = value >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
