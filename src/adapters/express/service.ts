import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Registration } from '../../client/index.js';
import { closeServer } from '../servers/close-server.js';
import { Connections } from '../servers/connections.js';
import { ServiceLifecycle, type LifecycleState } from '../servers/lifecycle.js';
import type { ServiceOptions } from '../servers/service-options.js';

export interface DiscoveryServiceOptions extends ServiceOptions {
  /** Told of errors of registering and leaving, which are tried again or passed over. Default: a process warning. */
  readonly onError?: (error: Error) => void;
}

/** Middleware for Express, Connect and everything of their shape; with a `next` of one's own for a bare node:http server. */
export interface DiscoveryService extends AsyncDisposable {
  (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void;
  readonly state: LifecycleState;
  /** The server whose address is registered, from when it listens on. Returns it. */
  attach<S extends Server>(server: S): S;
  /** Resolves when the service is registered; rejects when that cannot be. */
  ready(): Promise<Registration>;
  /** Leaves the service in order and closes the attached server. Never rejects; harmless twice. */
  close(): Promise<void>;
}

/**
 * Puts an Express app, or any node:http server, into a service: `app.use(service)` first of all, then
 * `service.attach(app.listen(port))`. Throws INVALID_ARGUMENT.
 */
export function discoveryService({ onError = warn, ...options }: DiscoveryServiceOptions): DiscoveryService {
  let attached: { readonly server: Server; readonly connections: Connections } | undefined;
  const lifecycle = new ServiceLifecycle(options, {
    onError,
    closeServer: async () => {
      if (attached) await closeServer(attached.server, attached.connections);
    },
  });
  const middleware = (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    lifecycle.follow(request, response);
    const answer = isRead(request) ? lifecycle.probe(pathOf(request)) : undefined;
    if (!answer) return next();
    response.writeHead(answer.status, { 'content-type': 'text/plain', 'cache-control': 'no-store' });
    response.end(answer.text);
  };
  const attach = <S extends Server>(server: S): S => {
    attached = { server, connections: new Connections(server) };
    if (server.listening) lifecycle.listening(server.address());
    else server.once('listening', () => lifecycle.listening(server.address()));
    // Closed by somebody else: too late for all but the registry.
    server.once('close', () => void lifecycle.close());
    return server;
  };
  const methods = {
    attach,
    ready: () => lifecycle.ready(),
    close: () => lifecycle.close(),
    [Symbol.asyncDispose]: () => lifecycle.close(),
  };
  const service: Omit<DiscoveryService, 'state'> = Object.assign(middleware, methods);
  return Object.defineProperty(service, 'state', { get: () => lifecycle.state }) as DiscoveryService;
}

function isRead({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Express keeps the whole of it while it rewrites `url` for what is mounted. */
function pathOf(request: IncomingMessage & { originalUrl?: string }): string {
  const url = request.originalUrl ?? request.url ?? '';
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function warn(error: Error): void {
  process.emitWarning(`service discovery: ${error.message}`);
}
