import { createServer as createHttp, type IncomingMessage } from 'node:http';
import { createServer as createTcp, type Server } from 'node:net';
import { type LoopbackServer, listenOnLoopback } from '../../../src/testing/loopback-server.js';
import type { Json, Step } from './format.js';

interface Listener {
  readonly server: LoopbackServer;
  status: number;
  body: string;
  /** Since it was last changed. */
  requests: number;
  last: { readonly request: IncomingMessage; readonly body: string } | undefined;
}

/** What a scenario's health checks test: servers of its own, on the loopback. */
export class Listeners {
  private readonly listeners = new Map<string, Listener>();

  /** The address, `host:port`. A dead listener is a port that nobody listens on. */
  async start({ name, kind, status = 200, body = '' }: NonNullable<Step['listen']>): Promise<LoopbackServer> {
    const server = await listenOnLoopback(
      kind === 'http' ? this.httpServer(name) : createTcp((socket) => socket.resume()),
    );
    if (kind === 'dead') await server.close();
    this.listeners.set(name, { server, status, body, requests: 0, last: undefined });
    return server;
  }

  change({ name, status, body }: NonNullable<Step['listenSet']>): void {
    Object.assign(this.of(name), { status, body, requests: 0 });
  }

  async stop(name: string): Promise<void> {
    await this.of(name).server.close();
  }

  requestsSeen(name: string): number {
    return this.of(name).requests;
  }

  lastRequest(name: string, headers: readonly string[]): Json {
    const { last } = this.of(name);
    if (!last) return null;
    const { method = '', url = '', headers: given } = last.request;
    const picked = headers.map((header) => [header, String(given[header.toLowerCase()] ?? '')]);
    return { method, url, body: last.body, headers: Object.fromEntries(picked) as Json };
  }

  async closeAll(): Promise<void> {
    for (const { server } of this.listeners.values()) await server.close();
  }

  private of(name: string): Listener {
    const listener = this.listeners.get(name);
    if (!listener) throw new Error(`the scenario has no listener called ${name}`);
    return listener;
  }

  private httpServer(name: string): Server {
    return createHttp((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.once('end', () => {
        const listener = this.of(name);
        listener.requests++;
        listener.last = { request, body };
        response.writeHead(listener.status).end(listener.body);
      });
    });
  }
}
