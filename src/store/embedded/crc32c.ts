/** CRC-32C (Castagnoli, RFC 3720 appendix B.4): LevelDB's checksum. Node's zlib has only the other polynomial. */
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** Of `bytes` from `from` up to `to`. */
export function crc32c(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let running = ~0;
  for (let at = from; at < to; at++) running = stepCrc32c(running, bytes[at] as number);
  return ~running >>> 0;
}

/** One byte more; starts at ~0, and the complement is the checksum. */
export function stepCrc32c(running: number, byte: number): number {
  return (TABLE[(running ^ byte) & 0xff] as number) ^ (running >>> 8);
}

/** As LevelDB stores it, so that a checksum over stored checksums is no special case (its `util/crc32c.h`). */
export function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
