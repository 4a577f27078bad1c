import { promisify } from 'node:util';
import { constants, gzip, gzipSync } from 'node:zlib';
import type { ServerResponse } from 'node:http';

/** Names and values in turn, spelt as they go out. An array, because Node writes one without copying or folding it. */
export type Headers = readonly string[];

export interface BodyReply {
  readonly status: number;
  readonly headers: Headers;
  readonly body?: Body;
}

/** An answer written piece by piece. `run` owns the response from then on; its promise ends when the answer does. */
export interface StreamReply {
  readonly status: number;
  readonly headers: Headers;
  readonly run: (out: ServerResponse) => Promise<void> | void;
}

export type Reply = BodyReply | StreamReply;

const JSON_TYPE: Headers = ['Content-Type', 'application/json'];
const TEXT_TYPE: Headers = ['Content-Type', 'text/plain; charset=utf-8', 'X-Content-Type-Options', 'nosniff'];
const GZIP = { level: constants.Z_BEST_SPEED };
/** Up to this size a body is compressed on the spot; larger ones on the thread pool. */
const SMALL_BYTES = 64 * 1024;
const gzipLater = promisify(gzip);

/** Bytes to send, shared by all who ask for the same; compressed at most once. */
export class Body {
  private packed: Buffer | Promise<Buffer> | undefined;

  constructor(readonly bytes: Buffer) {}

  gzip(): Buffer | Promise<Buffer> {
    this.packed ??= this.bytes.length <= SMALL_BYTES ? gzipSync(this.bytes, GZIP) : gzipLater(this.bytes, GZIP);
    return this.packed;
  }
}

export function textBody(text: string): Body {
  return new Body(Buffer.from(text, 'utf8'));
}

/** 200 with neither body nor Content-Type: most writes under agent/. */
export const done: BodyReply = { status: 200, headers: [] };

export function text(status: number, message: string, headers: Headers = []): BodyReply {
  return { status, headers: [...TEXT_TYPE, ...headers], body: textBody(message) };
}

export function jsonBytes(body: Body, headers: Headers = [], status = 200): BodyReply {
  return { status, headers: [...JSON_TYPE, ...headers], body };
}

export function isStream(reply: Reply): reply is StreamReply {
  return 'run' in reply;
}
