import { stripVTControlCharacters } from 'node:util';
import type { Io } from '../io.js';
import { printable } from './printable.js';

export interface Column<T> {
  readonly title: string;
  /** May be painted; width is counted without the colour codes. */
  readonly value: (row: T) => string;
  readonly align?: 'right';
}

/** Aligned columns, two spaces between, the title row bold on a terminal. The last column is not padded. */
export function table<T>(io: Io, columns: readonly Column<T>[], rows: readonly T[]): string {
  const cells = rows.map((row) => columns.map((column) => printable(column.value(row))));
  const widths = columns.map((column, i) =>
    Math.max(column.title.length, ...cells.map((row) => widthOf(row[i] as string))),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => pad(text, widths[i] as number, columns[i]?.align, i === columns.length - 1))
      .join('  ')
      .trimEnd();
  const head = line(columns.map((column) => io.paint('bold', column.title)));
  return [head, ...cells.map((row) => cut(line(row), io.columns()))].map((text) => `${text}\n`).join('');
}

function pad(text: string, width: number, align: 'right' | undefined, last: boolean): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  if (align === 'right') return space + text;
  return last ? text : text + space;
}

/** Columns a text takes. Wide (East Asian) characters take two. */
function widthOf(text: string): number {
  let width = 0;
  for (const char of stripVTControlCharacters(text)) width += WIDE.test(char) ? 2 : 1;
  return width;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}]/u;

/** One line per row on a terminal: what does not fit ends in an ellipsis. Painted text is never cut inside a code. */
function cut(text: string, columns: number | undefined): string {
  if (columns === undefined || widthOf(text) <= columns) return text;
  let width = 0;
  let out = '';
  // oxlint-disable-next-line no-control-regex
  for (const [part, code] of text.matchAll(/(\u001b\[[0-9;]*m)|[\s\S]/gu)) {
    if (code === undefined) {
      width += widthOf(part);
      if (width >= columns) return `${out}…\u001b[0m`;
    }
    out += part;
  }
  return out;
}
