/**
 * SipHash-2-4 (Aumasson and Bernstein 2012): the keyed hash of DNS server cookies (RFC 9018 4.4). 64-bit words are two
 * 32-bit halves, low first, so that no BigInt is made.
 */
export function sipHash24(key: Uint8Array, message: Uint8Array): Uint8Array {
  const k = new DataView(key.buffer, key.byteOffset, 16);
  const [k0l, k0h] = [k.getUint32(0, true), k.getUint32(4, true)];
  const [k1l, k1h] = [k.getUint32(8, true), k.getUint32(12, true)];
  // "somepseudorandomlygeneratedbytes"
  const v = Uint32Array.of(
    k0l ^ 0x70736575,
    k0h ^ 0x736f6d65,
    k1l ^ 0x6e646f6d,
    k1h ^ 0x646f7261,
    k0l ^ 0x6e657261,
    k0h ^ 0x6c796765,
    k1l ^ 0x79746573,
    k1h ^ 0x74656462,
  );
  const padded = new Uint8Array((message.length & ~7) + 8);
  padded.set(message);
  padded[padded.length - 1] = message.length;
  const words = new DataView(padded.buffer);
  for (let i = 0; i < padded.length; i += 8) {
    const [low, high] = [words.getUint32(i, true), words.getUint32(i + 4, true)];
    mix(v, 6, low, high);
    rounds(v, 2);
    mix(v, 0, low, high);
  }
  mix(v, 4, 0xff, 0);
  rounds(v, 4);
  const out = new DataView(new ArrayBuffer(8));
  out.setUint32(0, at(v, 0) ^ at(v, 2) ^ at(v, 4) ^ at(v, 6), true);
  out.setUint32(4, at(v, 1) ^ at(v, 3) ^ at(v, 5) ^ at(v, 7), true);
  return new Uint8Array(out.buffer);
}

/** Indexes are constants below eight. */
function at(v: Uint32Array, i: number): number {
  return v[i] as number;
}

function mix(v: Uint32Array, i: number, low: number, high: number): void {
  v[i] = at(v, i) ^ low;
  v[i + 1] = at(v, i + 1) ^ high;
}

function rounds(v: Uint32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    add(v, 0, 2);
    rotate(v, 2, 13);
    mix(v, 2, at(v, 0), at(v, 1));
    rotate(v, 0, 32);
    add(v, 4, 6);
    rotate(v, 6, 16);
    mix(v, 6, at(v, 4), at(v, 5));
    add(v, 0, 6);
    rotate(v, 6, 21);
    mix(v, 6, at(v, 0), at(v, 1));
    add(v, 4, 2);
    rotate(v, 2, 17);
    mix(v, 2, at(v, 4), at(v, 5));
    rotate(v, 4, 32);
  }
}

function add(v: Uint32Array, to: number, from: number): void {
  const low = at(v, to) + at(v, from);
  v[to] = low;
  v[to + 1] = at(v, to + 1) + at(v, from + 1) + (low > 0xffffffff ? 1 : 0);
}

function rotate(v: Uint32Array, i: number, bits: number): void {
  const [low, high] = bits < 32 ? [at(v, i), at(v, i + 1)] : [at(v, i + 1), at(v, i)];
  const left = bits & 31;
  v[i] = left === 0 ? low : (low << left) | (high >>> (32 - left));
  v[i + 1] = left === 0 ? high : (high << left) | (low >>> (32 - left));
}
