/** 32-bit hashes of texts, well mixed: FNV-1a, then the finaliser of MurmurHash3. Not for secrets. */

export function hashText(text: string, seed = 0): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mix(hash);
}

/** One hash of two: the order matters. */
export function combine(a: number, b: number): number {
  return mix(Math.imul(a, 0x9e3779b1) ^ b);
}

/** Of any whole number: a bijection of the 32-bit numbers in which every bit of the input reaches every bit of the output. */
function mix(value: number): number {
  let hash = value >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** (0, 1), never its ends. */
export function unitOf(hash: number): number {
  return (hash + 0.5) / 2 ** 32;
}
