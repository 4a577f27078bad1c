/**
 * Where LevelDB's files are not as they were written: only to name the file when the data proved incomplete, since
 * LevelDB itself says nothing or not where. Formats: LevelDB's doc/log_format.md and doc/table_format.md.
 */
import { crc32c, masked, stepCrc32c } from './crc32c.js';

const LOG_BLOCK_BYTES = 32 * 1024;
const LOG_HEADER_BYTES = 7;
const TABLE_FOOTER_BYTES = 48;
const TABLE_MAGIC = Buffer.from('57fb808b247547db', 'hex');

/**
 * Offset of the first record of a log (or manifest) whose checksum is wrong; undefined when there is none. An end in
 * the middle of a record is how a crash leaves a log, and no damage.
 */
export function damageInLog(log: Buffer): number | undefined {
  let at = 0;
  while (at + LOG_HEADER_BYTES <= log.length) {
    const blockEnd = at - (at % LOG_BLOCK_BYTES) + LOG_BLOCK_BYTES;
    // A header does not fit in the last six bytes of a block; they are filled up.
    if (blockEnd - at < LOG_HEADER_BYTES) {
      at = blockEnd;
      continue;
    }
    const end = at + LOG_HEADER_BYTES + log.readUInt16LE(at + 4);
    if (end > blockEnd) return at;
    if (end > log.length) return undefined;
    if (log.readUInt32LE(at) !== masked(crc32c(log, at + 6, end))) return at;
    at = end;
  }
  return undefined;
}

/**
 * Offset of the first block of a table whose checksum is wrong. Blocks follow each other without a gap, each ending
 * with a type byte (0 or 1) and the checksum of all of it before; a running checksum so finds their ends by itself.
 */
export function damageInTable(table: Buffer): number | undefined {
  const footer = table.length - TABLE_FOOTER_BYTES;
  if (footer < 0 || !table.subarray(-TABLE_MAGIC.length).equals(TABLE_MAGIC)) return Math.max(0, footer);
  let block = 0;
  while (block < footer) {
    const end = blockEnd(table, block, footer);
    if (end === undefined) return block;
    block = end;
  }
  return undefined;
}

function blockEnd(table: Buffer, from: number, to: number): number | undefined {
  let running = ~0;
  for (let at = from; at + 5 <= to; at++) {
    const byte = table[at] as number;
    running = stepCrc32c(running, byte);
    if (byte <= 1 && table.readUInt32LE(at + 1) === masked(~running >>> 0)) return at + 5;
  }
  return undefined;
}
