import type { Readable } from 'node:stream';
import type { CallOptions } from '../../model/index.js';
import type { QueryParameters } from './search.js';

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE' | 'OPTIONS';

/** One request, wherever it goes. */
export interface Call extends CallOptions {
  readonly method: Method;
  /** Encoded, from `/v1/` on. */
  readonly path: string;
  readonly query?: QueryParameters;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object goes as JSON, the rest as it is. A stream can be sent once, so such a call is never tried again. */
  readonly body?: object | string | Uint8Array | Readable | AsyncIterable<Uint8Array>;
  readonly token?: string;
  /** Statuses besides 2xx that are answers rather than errors. */
  readonly accept?: readonly number[];
  readonly blocking?: Blocking;
}

/** The parts of a blocking query that depend on where it goes. */
interface Blocking {
  /** 0: answer at once. */
  readonly index: number | bigint;
  /** Held by content instead, wherever it goes. */
  readonly hash?: string;
  readonly waitMs?: number;
  /** The address that gave `index`: asked elsewhere, the read begins at 0. */
  readonly indexFrom?: string;
  /** Does not keep the process alive. */
  readonly background?: boolean;
}

interface Answered {
  readonly status: number;
  /** Which address answered, as shown to people. */
  readonly address: string;
  /** Names in any case. */
  header(name: string): string | undefined;
}

export interface RawAnswer extends Answered {
  readonly bytes: Buffer;
}

export interface StreamAnswer extends Answered {
  readonly body: Readable;
}
