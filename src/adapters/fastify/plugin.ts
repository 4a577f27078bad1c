import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Connections } from '../servers/connections.js';
import { ServiceLifecycle } from '../servers/lifecycle.js';
import { parseServiceOptions, type ServiceOptions } from '../servers/service-options.js';

/** What we use of a Fastify 5 instance, so that Fastify need not be there for those who use something else. */
export interface FastifyShape {
  /** That of HTTP/2 has no `closeAllConnections`; Fastify ends its sessions. */
  readonly server: {
    readonly listening: boolean;
    address(): AddressInfo | string | null;
    on(event: 'connection', listener: (socket: Socket) => void): unknown;
    close(closed: () => void): unknown;
    closeAllConnections?(): void;
  };
  readonly log: { error(fields: object, text: string): void };
  addHook(name: 'onRequest', hook: (request: RawRequest, reply: RawReply, done: () => void) => void): unknown;
  addHook(name: 'onListen', hook: () => Promise<void>): unknown;
  get(path: string, options: object, handler: (request: unknown, reply: ReplyShape) => unknown): unknown;
  decorate(name: string, value: unknown): unknown;
  close(listener?: () => void): unknown;
}
interface RawRequest {
  readonly raw: unknown;
}
interface RawReply {
  readonly raw: unknown;
}
interface ReplyShape {
  code(status: number): ReplyShape;
  header(name: string, value: string): ReplyShape;
  type(type: string): ReplyShape;
  send(payload: string): unknown;
}

/** Options of `fastify.register(discoveryPlugin, options)`. */
export type DiscoveryPluginOptions = ServiceOptions;

/**
 * Puts a Fastify app into a service: `app.register(discoveryPlugin, { name: 'orders' })`. Registered once the app listens;
 * `app.close()` leaves in order first. The lifecycle is decorated as `app.discovery`:
 * `app.getDecorator<ServiceLifecycle>('discovery').ready()`. Throws INVALID_ARGUMENT.
 */
export async function discoveryPlugin(app: FastifyShape, options: DiscoveryPluginOptions): Promise<void> {
  const { livePath, readyPath } = parseServiceOptions(options);
  const root = ownerOf(app, 'close');
  const closeApp = root.close.bind(root);
  const connections = new Connections(app.server);
  const closeServer = async (): Promise<void> => {
    // What was under way is finished by now, or had its time.
    app.server.closeAllConnections?.();
    await connections.endWith(Promise.resolve(closeApp()).then(() => endListening(app)));
  };
  const lifecycle = new ServiceLifecycle(options, {
    onError: (err) => app.log.error({ err }, 'service discovery'),
    closeServer,
  });
  app.decorate('discovery', lifecycle);
  app.addHook('onRequest', (request, reply, done) => {
    lifecycle.follow(request.raw as IncomingMessage, reply.raw as ServerResponse);
    done();
  });
  app.addHook('onListen', async () => lifecycle.listening(app.server.address()));
  for (const path of [livePath, readyPath]) {
    if (path === undefined) continue;
    app.get(path, { logLevel: 'silent' }, (_request, reply) => {
      const answer = lifecycle.probe(path);
      return reply
        .code(answer?.status ?? 503)
        .header('cache-control', 'no-store')
        .type('text/plain')
        .send(answer?.text ?? '');
    });
  }
  // Fastify answers 503 to everything from the beginning of its own close on: too early for us.
  root.close = (listener?: () => void) => {
    const closed = lifecycle.leave().then(closeServer);
    if (listener) void closed.finally(listener);
    return closed;
  };
}

/** For the whole app, not for a child of its own; the way fastify-plugin does it. */
Object.assign(discoveryPlugin, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: '@datapunk/discovery',
});

/** An app that was closed while it began to listen listens all the same. */
async function endListening({ server }: FastifyShape): Promise<void> {
  if (server.listening) await new Promise<void>((resolve) => void server.close(resolve));
}

/** Children have their parent as prototype. */
function ownerOf(app: FastifyShape, key: keyof FastifyShape): FastifyShape {
  let owner = app;
  while (!Object.hasOwn(owner, key)) owner = Object.getPrototypeOf(owner) as FastifyShape;
  return owner;
}
