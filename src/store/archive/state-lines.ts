/**
 * `state.bin` of an archive: a line that names format and version, then one line a row (see `codec`). Text, so that a
 * person can look into it with zcat.
 */
import type { Row } from '../../model/index.js';
import { invalid } from '../../model/index.js';
import { decodeRow, encodeRow, wrongField } from '../codec/index.js';

export const STATE_VERSION = 1;
const FORMAT = 'datapunk-discovery-state';
const HEADER = `${JSON.stringify({ format: FORMAT, version: STATE_VERSION })}\n`;
/** Rows in a piece: some hundred microseconds of work, after which others get their turn. */
const ROWS_PER_PIECE = 200;
/** The longest line a reader collects: a row comes from one request, and those are smaller. */
const MAX_LINE_CHARS = 16 * 1024 * 1024;

/** The same pieces for the same rows, each time it is called. */
export function* stateLines(rows: Iterable<Row>): Generator<Buffer> {
  let piece = HEADER;
  let held = 0;
  for (const row of rows) {
    piece += `${encodeRow(row)}\n`;
    if (++held < ROWS_PER_PIECE) continue;
    yield Buffer.from(piece);
    piece = '';
    held = 0;
  }
  yield Buffer.from(piece);
}

/** Takes the bytes of a state as they come and hands over its rows. Throws INVALID_ARGUMENT on what is not one. */
export class StateReader {
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });
  private rest = '';
  private line = 0;

  constructor(private readonly onRow: (row: Row) => void) {}

  push(bytes: Uint8Array): void {
    const lines = this.decode(bytes).split('\n');
    lines[0] = this.rest + lines[0];
    this.rest = lines.pop() ?? '';
    if (this.rest.length > MAX_LINE_CHARS) throw invalid('the snapshot’s state.bin has a line that is too long');
    for (const line of lines) this.take(line);
  }

  end(): void {
    if (this.rest !== '' || this.line === 0) throw invalid('the snapshot’s state.bin ends in the middle');
  }

  private decode(bytes: Uint8Array): string {
    try {
      return this.decoder.decode(bytes, { stream: true });
    } catch {
      throw invalid('the snapshot’s state.bin is of an unknown format');
    }
  }

  private take(line: string): void {
    if (this.line++ === 0) return assertHeader(line);
    let row: Row;
    try {
      row = decodeRow(line);
    } catch (cause) {
      throw invalid(`line ${this.line} of the snapshot’s state.bin is no row: ${(cause as Error).message}`);
    }
    const wrong = wrongField(row);
    if (wrong !== undefined) {
      throw invalid(`line ${this.line} of the snapshot’s state.bin: ${row.kind} with a wrong ${wrong}`);
    }
    this.onRow(row);
  }
}

function assertHeader(line: string): void {
  const { format, version } = headerIn(line);
  if (format !== FORMAT) throw invalid('the snapshot’s state.bin is of an unknown format');
  if (version === STATE_VERSION) return;
  throw invalid(`the snapshot has state version ${String(version)}; this agent reads version ${STATE_VERSION}`);
}

function headerIn(line: string): { readonly format?: unknown; readonly version?: unknown } {
  try {
    return Object(JSON.parse(line)) as object;
  } catch {
    return {};
  }
}
