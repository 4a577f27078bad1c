/** A listener of its own for DNS over HTTPS: HTTP/2, and HTTP/1.1 for who speaks no other, at /dns-query alone. */
import { createSecureServer } from 'node:http2';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { limits } from '../../model/index.js';
import { maxMessageBytes } from '../wire/index.js';
import type { ConnectionGate } from './connection-gate.js';
import { dohContentType } from './doh.js';
import type { DohAnswer, DohHandler } from './doh.js';
import { closeServer, guard, listen } from './stream-listener.js';
import type { DnsTls } from './stream-listener.js';

const path = '/dns-query';

export class HttpsListener {
  private constructor(
    private readonly server: Server,
    private readonly open: ReadonlySet<Socket>,
  ) {}

  static async open(
    host: string,
    port: number,
    parts: { readonly handler: DohHandler; readonly gate: ConnectionGate },
    tls: DnsTls,
  ): Promise<HttpsListener> {
    const server = createSecureServer({
      ...tls,
      allowHTTP1: true,
      handshakeTimeout: limits.tlsHandshakeMs,
      settings: { maxConcurrentStreams: limits.dnsTcpPipelined },
    });
    const open = guard(server, parts.gate);
    // Also those of HTTP/1.1, and of sessions that say nothing.
    server.setTimeout(limits.dnsTcpIdleMs, (idle?: { destroy(): void }) => idle?.destroy());
    server.on('sessionError', () => {});
    server.on('request', (request, response) => void serve(parts.handler, request, response));
    await listen(server, host, port);
    return new HttpsListener(server, open);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    return closeServer(this.server, this.open);
  }
}

async function serve(handler: DohHandler, request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
  request.on('error', () => {});
  response.on('error', () => {});
  try {
    const url = new URL(request.url, 'https://localhost');
    if (url.pathname !== path) return reply(response, 404, Buffer.from('not found\n'), {});
    const given = request.method === 'GET' ? (url.searchParams.get('dns') ?? undefined) : await bodyOf(request);
    const type = request.headers['content-type'] ?? '';
    const answer = await handler(request.method, type, given, request.socket.remoteAddress ?? '');
    reply(response, answer.status, answer.body, headersOf(answer));
  } catch {
    // A client that went away, or a URL that is none.
    reply(response, 400, Buffer.from('bad request\n'), {});
  }
}

/** One byte more than a message may have is enough to be refused. */
async function bodyOf(request: Http2ServerRequest): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    pieces.push(piece);
    length += piece.length;
    if (length > maxMessageBytes) break;
  }
  return Buffer.concat(pieces);
}

function headersOf(answer: DohAnswer): Record<string, string> {
  if (answer.status === 405) return { allow: 'GET, POST' };
  if (answer.status !== 200) return {};
  return { 'content-type': dohContentType, 'cache-control': `max-age=${answer.maxAge}` };
}

function reply(response: Http2ServerResponse, status: number, body: Buffer, headers: Record<string, string>): void {
  if (response.headersSent || response.writableEnded) return;
  response.writeHead(status, { 'content-type': 'text/plain', 'content-length': String(body.length), ...headers });
  response.end(body);
}
