/**
 * Domain names in presentation form (RFC 1035 section 5.1): labels joined by dots, no last dot, '.' for the root; a dot
 * or backslash inside a label is escaped by a backslash, any other byte outside printable ASCII is `\DDD`. The form is
 * exact: bytes → text → bytes gives the same bytes. Since only ASCII letters stay unescaped, `toLowerCase` folds names
 * as RFC 4343 wants.
 */
import { invalid } from '../../model/index.js';

export const maxNameBytes = 255;
export const maxLabelBytes = 63;

const DOT = 0x2e;
const BACKSLASH = 0x5c;

/** The presentation form of one label's bytes. */
export function escapeBytes(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = '';
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === DOT || byte === BACKSLASH) text += `\\${String.fromCharCode(byte)}`;
    else if (byte > 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\${String(byte).padStart(3, '0')}`;
  }
  return text;
}

/** A label given as a person would write it, dots inside included: UTF-8 bytes, escaped. */
function escapeLabel(label: string): string {
  return /^[\w-]*$/.test(label) ? label : escapeBytes(Buffer.from(label));
}

/** Where the label that begins at `start` ends: at its dot or at the end of the name. */
export function labelEnd(name: string, start: number): number {
  let i = start;
  while (i < name.length && name.charCodeAt(i) !== DOT) i += name.charCodeAt(i) === BACKSLASH ? 2 : 1;
  return Math.min(i, name.length);
}

/** The labels of a name as people would write them (unescaped, UTF-8). None for the root. */
export function splitName(name: string): string[] {
  const labels: string[] = [];
  if (name === '.') return labels;
  for (let i = 0; i < name.length;) {
    const end = labelEnd(name, i);
    const label = name.slice(i, end);
    labels.push(label.includes('\\') ? labelBytes(label).toString('utf8') : label);
    i = end + 1;
  }
  return labels;
}

/** The bytes of one escaped label. */
export function labelBytes(label: string): Buffer {
  if (/^[\w-]*$/.test(label)) return Buffer.from(label, 'latin1');
  const bytes: number[] = [];
  for (let i = 0; i < label.length;) {
    if (label.charCodeAt(i) !== BACKSLASH) {
      const char = String.fromCodePoint(label.codePointAt(i) as number);
      bytes.push(...Buffer.from(char));
      i += char.length;
      continue;
    }
    const digits = /^\d{3}/.exec(label.slice(i + 1, i + 4))?.[0];
    if (digits === undefined && i + 1 >= label.length) throw invalid(`"${label}" ends in a lone backslash`);
    if (Number(digits ?? 0) > 255) throw invalid(`"${label}" has an escape above \\255`);
    bytes.push(digits === undefined ? label.charCodeAt(i + 1) & 0xff : Number(digits));
    i += digits === undefined ? 2 : 4;
  }
  return Buffer.from(bytes);
}

/** Without the last dot; the root stays '.'. */
export function trimDot(name: string): string {
  if (!name.endsWith('.') || name === '.') return name === '' ? '.' : name;
  const last = name.length - 1;
  // An escaped dot at the end belongs to the label.
  let slashes = 0;
  while (name.charCodeAt(last - 1 - slashes) === BACKSLASH) slashes++;
  return slashes % 2 === 1 ? name : name.slice(0, last);
}

/** Bytes the name takes uncompressed, or undefined when it cannot be on the wire (an empty or too long label or name). */
export function nameBytes(name: string): number | undefined {
  if (name === '.') return 1;
  let total = 1;
  for (let i = 0; i <= name.length;) {
    const end = labelEnd(name, i);
    const label = name.slice(i, end);
    const size = label.includes('\\') || /[^\x20-\x7e]/.test(label) ? labelBytes(label).length : label.length;
    if (size === 0 || size > maxLabelBytes) return undefined;
    total += size + 1;
    i = end + 1;
  }
  return total > maxNameBytes ? undefined : total;
}

/**
 * A name out of words of a catalog or configuration, in which a dot always separates: `web.1`, `db.example.com.`.
 * Undefined when it cannot be a DNS name.
 */
export function nameFromText(text: string): string | undefined {
  const name = trimDot(text).split('.').map(escapeLabel).join('.');
  return text === '' || nameBytes(name) === undefined ? undefined : name;
}

export function foldName(name: string): string {
  return name.toLowerCase();
}
