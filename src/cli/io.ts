import { styleText } from 'node:util';

/** What a command writes to and reads from, so that tests need no process. */
export interface Io {
  readonly environment: NodeJS.ProcessEnv;
  readonly stdin: NodeJS.ReadStream;
  /** Whether stdout is a terminal: tables are drawn for eyes, live views redraw in place. */
  readonly terminal: boolean;
  /** Columns of the terminal; undefined in a pipe, where nothing is cut. */
  readonly columns: () => number | undefined;
  out(text: string): void;
  /** Bytes to stdout as they are. */
  bytes(data: Uint8Array): void;
  err(text: string): void;
  readonly paint: Paint;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'magenta';

/** Colours a text when the output is a terminal that wants colour (NO_COLOR, FORCE_COLOR), else leaves it alone. */
export type Paint = (style: Style, text: string) => string;

export const plainPaint: Paint = (_style, text) => text;

export function processIo(): Io {
  const { stdout, env } = process;
  const terminal = stdout.isTTY;
  // A closed pipe (`… | head`) ends the reading, not the program with a stack trace.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
  });
  return {
    environment: env,
    stdin: process.stdin,
    terminal,
    columns: () => (terminal ? stdout.columns : undefined),
    out: (text) => void stdout.write(text),
    bytes: (data) => void stdout.write(data),
    err: (text) => void process.stderr.write(text),
    paint: wantsColour(env, terminal) ? colourPaint : plainPaint,
  };
}

/** https://no-color.org and https://force-color.org */
export function wantsColour(env: NodeJS.ProcessEnv, terminal: boolean): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return terminal && env['TERM'] !== 'dumb';
}

/** Whether to colour is decided once, above; `styleText` would decide by itself, and by stdout alone. */
export const colourPaint: Paint = (style, text) => styleText(style, text, { validateStream: false });
