/**
 * The commonest questions, read without decoding: one question of type A, AAAA or SRV, an ASCII name, no records but a
 * bare OPT. Whatever is not exactly so is left to the decoder.
 */
import { headerBytes, maxLabelBytes, maxNameBytes, typeCodes } from '../wire/index.js';

export interface SimpleQuery {
  /** The bytes of name and type as text, letters folded: what answers are kept under. None of the types is a letter. */
  key: string;
  type: number;
  /** Whether the name has a capital letter. */
  hasCapitals: boolean;
  /** End of the question section. */
  end: number;
  hasOpt: boolean;
  /** What the OPT record says; 0 without one. */
  udpSize: number;
}

/** A bare OPT record. */
export const optBytes = 11;
/** QR, opcode, AA, TC: all off in a plain question. */
const unusualFlags = 0xfe;

/** Fills `into`, which is reused; false when the question is not a simple one. */
export function readSimpleQuery(bytes: Buffer, into: SimpleQuery): boolean {
  if (bytes.length < headerBytes + 5 || ((bytes[2] as number) & unusualFlags) !== 0) return false;
  // One question, no answers, no authorities, at most one additional record.
  if (bytes.readUInt32BE(4) !== 0x10000 || bytes.readUInt32BE(8) > 1) return false;
  const nameEnd = endOfName(bytes, into);
  if (nameEnd < 0) return false;
  into.end = nameEnd + 4;
  into.hasOpt = bytes[11] === 1;
  if (bytes.length !== into.end + (into.hasOpt ? optBytes : 0)) return false;
  into.type = bytes.readUInt16BE(nameEnd);
  if (into.type !== typeCodes.A && into.type !== typeCodes.SRV && into.type !== typeCodes.AAAA) return false;
  into.udpSize = 0;
  if (into.hasOpt && !readOpt(bytes, into)) return false;
  const key = bytes.toString('latin1', headerBytes, nameEnd + 2);
  into.key = into.hasCapitals ? key.toLowerCase() : key;
  return true;
}

/** The byte after the name; -1 when it is compressed, not ASCII, too long or not there. */
function endOfName(bytes: Buffer, into: SimpleQuery): number {
  const last = Math.min(bytes.length - 5, headerBytes + maxNameBytes - 1);
  let high = 0;
  into.hasCapitals = false;
  for (let at = headerBytes; at <= last;) {
    const length = bytes[at] as number;
    if (length === 0) return high < 0x80 ? at + 1 : -1;
    if (length > maxLabelBytes) return -1;
    for (const end = at + length; at < end;) {
      const byte = bytes[++at] as number;
      high |= byte;
      if (byte <= 0x5a && byte >= 0x41) into.hasCapitals = true;
    }
    at++;
  }
  return -1;
}

/** Root, OPT, size, extended rcode and version and flags that are not looked at, no options. */
function readOpt(bytes: Buffer, into: SimpleQuery): boolean {
  const at = into.end;
  if (bytes[at] !== 0 || bytes.readUInt16BE(at + 1) !== typeCodes.OPT || bytes.readUInt16BE(at + 9) !== 0) return false;
  into.udpSize = bytes.readUInt16BE(at + 3);
  return true;
}
