import type { IncomingMessage, ServerResponse } from 'node:http';
import { limits } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';

/**
 * Answers to requests whose body was not read to its end: too large, too slow, not what it should be. Such a connection
 * cannot be used again. But closing it at once would reset it under a client that still sends, and the reset may take
 * the answer with it (RFC 9112 section 9.6): so the answer goes out whole, what still comes is thrown away for a while,
 * and then the connection ends.
 */
export function leavesBody(message: IncomingMessage, status: number): boolean {
  // A body that nobody began to read is one that Node throws away by itself, unless its size was the reason.
  return !message.complete && (status === 413 || status === 408 || message.readableFlowing !== null);
}

export function endUnread(
  message: IncomingMessage,
  out: ServerResponse,
  bytes: Buffer | undefined,
  clock: Clock,
): void {
  if (bytes) out.write(bytes);
  else out.flushHeaders();
  let left: number = limits.unreadBodyBytes;
  const end = (): void => {
    cancel();
    if (!out.writableEnded) out.end();
  };
  const cancel = clock.after(limits.unreadBodyMs, end);
  message.on('data', (part: Buffer) => {
    left -= part.length;
    if (left < 0) end();
  });
  message.once('end', end);
  message.once('close', end);
  message.resume();
}
