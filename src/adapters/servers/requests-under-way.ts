import type { IncomingMessage, ServerResponse } from 'node:http';
import { pause, realClock } from '../../runtime/index.js';

/** The requests a server is answering. Once it drains, every answer asks its client to connect anew, elsewhere. */
export class RequestsUnderWay {
  private readonly responses = new Set<ServerResponse>();
  private draining = false;
  private onEmpty: (() => void) | undefined;

  add(request: IncomingMessage, response: ServerResponse): void {
    if (this.responses.has(response)) return;
    this.responses.add(response);
    response.once('close', () => {
      this.responses.delete(response);
      if (this.responses.size === 0) this.onEmpty?.();
    });
    if (this.draining) askToReconnect(response, request);
  }

  drain(): void {
    this.draining = true;
    for (const response of this.responses) askToReconnect(response, response.req);
  }

  /** Resolves when none is left, at the latest after `timeoutMs`. */
  async finished(timeoutMs: number): Promise<void> {
    if (this.responses.size === 0) return;
    const empty = new AbortController();
    this.onEmpty = () => empty.abort();
    await pause(realClock, timeoutMs, empty.signal);
    this.onEmpty = undefined;
  }
}

/** HTTP/2 has no such header (RFC 9113 section 8.2.2); its connections end with the server's GOAWAY. */
function askToReconnect(response: ServerResponse, request: IncomingMessage): void {
  if (!response.headersSent && request.httpVersionMajor < 2) response.setHeader('connection', 'close');
}
