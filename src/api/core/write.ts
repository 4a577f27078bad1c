import type { IncomingMessage, ServerResponse } from 'node:http';
import { limits } from '../../model/index.js';
import { isStream } from './reply.js';
import type { BodyReply, Headers, Reply, StreamReply } from './reply.js';

/** Bodies from this size on are compressed when the client can read it (CONTRACT 1.2). */
const GZIP_FROM_BYTES = 1400;

/** Sends a reply. `common` are the headers of every answer. */
export function send(
  message: IncomingMessage,
  out: ServerResponse,
  common: Headers,
  reply: Reply,
): void | Promise<void> {
  if (out.destroyed || out.headersSent) return;
  if (isStream(reply)) return sendStream(out, common, reply);
  const { body } = reply;
  if (!body || body.bytes.length < GZIP_FROM_BYTES || !acceptsGzip(message)) {
    return sendBytes(message, out, common, reply, body?.bytes);
  }
  const packed = body.gzip();
  const headers = ['Content-Encoding', 'gzip', ...common];
  if (Buffer.isBuffer(packed)) return sendBytes(message, out, headers, reply, packed);
  return packed.then((bytes) => sendBytes(message, out, headers, reply, bytes));
}

function sendBytes(
  message: IncomingMessage,
  out: ServerResponse,
  common: Headers,
  reply: BodyReply,
  bytes: Buffer | undefined,
): void {
  const headers = [...reply.headers, ...common, 'Content-Length', String(bytes?.length ?? 0)];
  // What is left of a refused body is not read: the connection ends with the answer.
  if (reply.status === 413 || reply.status === 408) headers.push('Connection', 'close');
  out.writeHead(reply.status, headers);
  out.end(bytes);
  const { socket } = message;
  if (socket.writableLength > 0) socket.setTimeout(limits.bodyTimeoutMs);
}

/** A stream that moves no byte for a while has no reader: the socket's timeout, which every byte resets, ends it. */
function sendStream(out: ServerResponse, common: Headers, reply: StreamReply): Promise<void> {
  out.writeHead(reply.status, [...reply.headers, ...common]);
  out.socket?.setTimeout(limits.bodyTimeoutMs);
  return Promise.resolve(reply.run(out));
}

function acceptsGzip(message: IncomingMessage): boolean {
  const accepted = message.headers['accept-encoding'];
  return typeof accepted === 'string' && /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(accepted);
}
