import type { IncomingMessage, ServerResponse } from 'node:http';
import { limits } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';
import { isStream, text } from './reply.js';
import type { BodyReply, Headers, Reply, StreamReply } from './reply.js';
import { endUnread, leavesBody } from './unread-body.js';

/** Bodies from this size on are compressed when the client can read it (docs/contract.md section 1.2). */
const GZIP_FROM_BYTES = 1400;
/** Smaller answers are sent whatever waits: the number of connections bounds them well enough. */
const SMALL_BYTES = 64 * 1024;

/**
 * Sends replies. What clients are slow to take is bounded: an answer that moves no byte for a while is cut by the
 * socket's timeout, and while too much waits in all, further large answers are refused.
 */
export class ReplyWriter {
  private waitingBytes = 0;

  /** `common` are the headers of every answer. */
  constructor(
    private readonly common: Headers,
    private readonly clock: Clock,
    private readonly maxWaitingBytes: number = limits.waitingAnswerBytes,
  ) {}

  send(message: IncomingMessage, out: ServerResponse, reply: Reply): void | Promise<void> {
    if (out.destroyed || out.headersSent) return;
    if (isStream(reply)) return this.sendStream(out, reply);
    const { body } = reply;
    if (!body || body.bytes.length < GZIP_FROM_BYTES || !acceptsGzip(message)) {
      return this.sendBytes(message, out, reply, this.common, body?.bytes);
    }
    const packed = body.gzip();
    const headers = [...GZIPPED, ...this.common];
    if (Buffer.isBuffer(packed)) return this.sendBytes(message, out, reply, headers, packed);
    return packed.then((bytes) => this.sendBytes(message, out, reply, headers, bytes));
  }

  private sendBytes(
    message: IncomingMessage,
    out: ServerResponse,
    reply: BodyReply,
    common: Headers,
    bytes: Buffer | undefined,
  ): void {
    const length = bytes?.length ?? 0;
    if (length > SMALL_BYTES && this.waitingBytes + length > this.maxWaitingBytes) return this.refuse(message, out);
    const unread = leavesBody(message, reply.status);
    const headers = [...reply.headers, ...common, 'Content-Length', String(length)];
    if (unread) headers.push('Connection', 'close');
    out.writeHead(reply.status, headers);
    if (unread) endUnread(message, out, bytes, this.clock);
    else out.end(bytes);
    if ((out.socket?.writableLength ?? 0) > 0) this.awaitReader(out, length);
  }

  private awaitReader(out: ServerResponse, length: number): void {
    out.socket?.setTimeout(limits.bodyTimeoutMs);
    this.waitingBytes += length;
    out.once('close', () => {
      this.waitingBytes -= length;
    });
  }

  private refuse(message: IncomingMessage, out: ServerResponse): void {
    const reply = text(503, 'too much is waiting for slow clients', ['Retry-After', '1']);
    this.sendBytes(message, out, reply, this.common, reply.body?.bytes);
  }

  private sendStream(out: ServerResponse, reply: StreamReply): Promise<void> {
    out.writeHead(reply.status, [...reply.headers, ...this.common]);
    out.socket?.setTimeout(limits.bodyTimeoutMs);
    return Promise.resolve(reply.run(out));
  }
}

const GZIPPED: Headers = ['Content-Encoding', 'gzip'];

function acceptsGzip(message: IncomingMessage): boolean {
  const accepted = message.headers['accept-encoding'];
  return typeof accepted === 'string' && /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(accepted);
}
