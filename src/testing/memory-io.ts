import { Readable } from 'node:stream';
import { colourPaint, plainPaint, type Io } from '../cli/io.js';

export interface MemoryIo {
  readonly io: Io;
  out(): string;
  err(): string;
}

/** The world of a command, in memory: for tests of what a command line prints. */
export function memoryIo({
  environment = {},
  columns,
  colour = false,
}: { readonly environment?: NodeJS.ProcessEnv; readonly columns?: number; readonly colour?: boolean } = {}): MemoryIo {
  const written = { out: '', err: '' };
  const io: Io = {
    environment,
    stdin: Readable.from([]) as NodeJS.ReadStream,
    terminal: columns !== undefined,
    columns: () => columns,
    out: (text) => void (written.out += text),
    bytes: (data) => void (written.out += Buffer.from(data).toString('utf8')),
    err: (text) => void (written.err += text),
    paint: colour ? colourPaint : plainPaint,
  };
  return { io, out: () => written.out, err: () => written.err };
}
