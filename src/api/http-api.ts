import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { limits, ServiceDiscoveryError } from '../model/index.js';
import { BlockingQueries } from './blocking.js';
import { ClusterQueries } from './cluster-queries.js';
import type { ApiContext } from './context.js';
import { HttpCounters } from './counters.js';
import type { HttpApiDependencies } from './dependencies.js';
import { Dispatcher } from './dispatcher.js';
import { connectionsAllowed, ConnectionLimit } from './guard/connections.js';
import { PreparedBodies } from './prepared.js';
import { allRoutes } from './routes.js';
import { Searches } from './searches.js';
import { SeenReads } from './seen-reads.js';
import { ReadSources } from './sources.js';

type HttpListen =
  | { readonly host: string; readonly port: number; readonly tls?: { readonly cert: string; readonly key: string } }
  | { readonly socketPath: string };

export interface HttpApi {
  /** Rejects with the system's error when the address is taken. May be called for several addresses. */
  listen(
    where: HttpListen,
  ): Promise<{ readonly host: string; readonly port: number } | { readonly socketPath: string }>;
  /** For a server of the caller's own. Never throws. */
  readonly handler: (message: IncomingMessage, out: ServerResponse) => void;
  /** Stops listening; blocked queries and streams answer; resolves when the last connection is closed. Harmless twice. */
  close(): Promise<void>;
}

/** The agent's HTTP face: Consul's API, probes, metrics and watches over one registry. */
export function createHttpApi(dependencies: HttpApiDependencies): HttpApi {
  const { handle, cluster, clock, random, agent } = dependencies;
  const api: ApiContext = {
    ...dependencies,
    sources: new ReadSources(handle.catalog, cluster, () => agent.indexSpace()),
    queries: new ClusterQueries({
      cluster,
      random,
      datacenter: handle.catalog.datacenter,
      nodeName: handle.registry.nodeName,
    }),
    blocking: new BlockingQueries(clock, random, cluster),
    counters: new HttpCounters(),
    seen: new SeenReads(),
    prepared: new PreparedBodies(),
    searches: new Searches({ isPrivate: dependencies.isPrivateKey }),
    streams: new Set(),
    routes: allRoutes(dependencies.dnsQuery !== undefined),
  };
  return new NodeHttpApi(api);
}

class NodeHttpApi implements HttpApi {
  readonly handler: HttpApi['handler'];
  private readonly servers: Server[] = [];
  private readonly connections: ConnectionLimit;
  private closing: Promise<void> | undefined;

  constructor(private readonly api: ApiContext) {
    this.handler = new Dispatcher(api).handle;
    this.connections = new ConnectionLimit(api.settings.maxConnectionsPerClient, api.counters);
  }

  async listen(where: HttpListen): ReturnType<HttpApi['listen']> {
    if (this.closing) throw new ServiceDiscoveryError('CLOSED', 'the HTTP server is closed');
    const server = this.createServer(where);
    await listening(server, where);
    this.servers.push(server);
    if ('socketPath' in where) return where;
    const { address, port } = server.address() as AddressInfo;
    return { host: address, port };
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private createServer(where: HttpListen): Server {
    const options = {
      maxHeaderSize: limits.requestHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      handshakeTimeout: limits.tlsHandshakeMs,
      connectionsCheckingInterval: limits.slowRequestsEveryMs,
      keepAliveTimeout: limits.httpIdleMs,
      noDelay: true,
    };
    const server = 'tls' in where && where.tls ? createTlsServer({ ...options, ...where.tls }) : createServer(options);
    server.maxConnections = connectionsAllowed(this.api.settings.maxConnections);
    server.on('connection', (socket: Socket) => void this.connections.admit(socket));
    server.on('request', this.handler);
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => this.refuseMalformed(error, socket));
    return server;
  }

  /** The answer first, then a while for the client to take it and close, then the end: it may do neither. */
  private refuseMalformed({ code = '' }: NodeJS.ErrnoException, socket: Socket): void {
    const noHandshake = code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS');
    if (code === 'ECONNRESET' || noHandshake || !socket.writable) {
      socket.destroy();
      return;
    }
    socket.end(`HTTP/1.1 ${MALFORMED[code] ?? '400 Bad Request'}\r\nConnection: close\r\n\r\n`);
    const cancel = this.api.clock.after(limits.unreadBodyMs, () => socket.destroy());
    socket.once('close', cancel);
  }

  private async closeAll(): Promise<void> {
    const closed = this.servers.map((server) => closedOf(server));
    this.api.blocking.close();
    for (const end of this.api.streams) end();
    for (const server of this.servers) server.closeIdleConnections();
    // Answers under way have this long; a client that does not take them must not keep the agent from stopping.
    const cancel = this.api.clock.after(limits.httpCloseMs, () => this.connections.destroyAll());
    await Promise.all(closed);
    cancel();
  }
}

function listening(server: Server, where: HttpListen): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const started = (): void => {
      server.off('error', reject);
      resolve();
    };
    if ('socketPath' in where) server.listen({ path: where.socketPath, backlog: limits.listenBacklog }, started);
    else server.listen({ host: where.host, port: where.port, backlog: limits.listenBacklog }, started);
  });
}

function closedOf(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()));
}

const MALFORMED: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};
