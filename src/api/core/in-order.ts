import type { Socket } from 'node:net';
import { limits } from '../../model/index.js';

/** Answers a request; undefined when that is done at once. Never rejects. */
type Work = () => Promise<void> | void;

/**
 * Requests that come on a connection before an earlier one is answered ("pipelined") are taken up one after another, as
 * RFC 9112 section 9.3.2 asks wherever one of them writes: a read behind a write sees it. Node would begin all at once,
 * and would not tell those still in line that their client is gone. A client far ahead is not read from for a while.
 */
export class InOrder {
  /** Of the connections with an answer under way: what waits for it. */
  private readonly lines = new WeakMap<Socket, Work[]>();

  take(socket: Socket, work: Work): void {
    const line = this.lines.get(socket);
    if (line) {
      line.push(work);
      if (line.length >= limits.pipelinedRequests) socket.pause();
      return;
    }
    const answering = work();
    if (answering) void this.follow(socket, answering);
  }

  private async follow(socket: Socket, first: Promise<void>): Promise<void> {
    const line: Work[] = [];
    this.lines.set(socket, line);
    await first;
    for (let next = line.shift(); next; next = line.shift()) {
      // The last in line may have to read its body yet.
      if (line.length === 0 && socket.isPaused()) socket.resume();
      if (!socket.destroyed) await next();
    }
    this.lines.delete(socket);
  }
}
