/** The ways a server is put into a service, each through the same exam. */
import { EventEmitter, once } from 'node:events';
import { createServer, get, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import express from 'express';
import { fastify } from 'fastify';
import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Registration } from '../../client/index.js';
import { ServiceDiscoveryError } from '../../model/index.js';
import { InMemoryDiscovery } from '../../testing/in-memory-discovery.js';
import { discoveryService } from '../express/service.js';
import { discoveryPlugin } from '../fastify/plugin.js';
import type { ServiceLifecycle } from './lifecycle.js';
import type { ServiceOptions } from './service-options.js';

interface Running {
  readonly port: number;
  readonly server: Server;
  readonly errors: Error[];
  readonly state: () => string;
  ready(): Promise<unknown>;
  close(): Promise<unknown>;
}
/** Answers `/slow` when the test says so, everything else at once. */
type Start = (options: ServiceOptions, slow: Promise<void>) => Promise<Running>;

const listening = async (server: Server): Promise<number> => {
  if (!server.listening) await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

const startBare: Start = async (options, slow) => {
  const errors: Error[] = [];
  const service = discoveryService({ ...options, onError: (error) => void errors.push(error) });
  const handle: RequestListener = (incoming, response) =>
    service(incoming, response, () => {
      const answer = (): void => void response.end(`hello ${incoming.url}`);
      if (incoming.url === '/slow') void slow.then(answer);
      else answer();
    });
  const server = service.attach(createServer(handle).listen(0, '127.0.0.1'));
  const port = await listening(server);
  return { port, server, errors, state: () => service.state, ready: service.ready, close: service.close };
};

const startExpress: Start = async (options, slow) => {
  const errors: Error[] = [];
  const service = discoveryService({ ...options, onError: (error) => void errors.push(error) });
  const app = express();
  app.use(service);
  app.get('/slow', (incoming, response) => void slow.then(() => response.send(`hello ${incoming.url}`)));
  app.get('/{*any}', (incoming, response) => void response.send(`hello ${incoming.url}`));
  const server = service.attach(app.listen(0, '127.0.0.1'));
  const port = await listening(server);
  return { port, server, errors, state: () => service.state, ready: service.ready, close: service.close };
};

const startFastify: Start = async (options, slow) => {
  const errors: Error[] = [];
  const app = fastify();
  app.log.error = (fields: { err: Error }) => errors.push(fields.err);
  await app.register(discoveryPlugin, options);
  app.get('/slow', async (incoming) => {
    await slow;
    return `hello ${incoming.url}`;
  });
  app.get('/*', (incoming, reply) => reply.send(`hello ${incoming.url}`));
  await app.listen({ port: 0, host: '127.0.0.1' });
  const lifecycle = app.getDecorator<ServiceLifecycle>('discovery');
  const { port } = app.server.address() as AddressInfo;
  const { server } = app;
  return {
    port,
    server,
    errors,
    state: () => lifecycle.state,
    ready: () => lifecycle.ready(),
    close: () => app.close(),
  };
};

let manager: InMemoryDiscovery;
let agent: Agent;
let release: () => void;
let running: Running | undefined;

beforeEach(() => {
  manager = new InMemoryDiscovery();
  agent = new Agent();
});
afterEach(async () => {
  release?.();
  await running?.close();
  running = undefined;
  await agent.destroy();
});

const ask = async (
  port: number,
  path: string,
): Promise<{ readonly status: number; readonly text: string; readonly connection: unknown }> => {
  const answer = await request(`http://127.0.0.1:${port}${path}`, { dispatcher: agent });
  return { status: answer.statusCode, text: await answer.body.text(), connection: answer.headers.connection };
};

const unavailable = (): Promise<never> => Promise.reject(new ServiceDiscoveryError('UNAVAILABLE', 'nobody there'));

describe.each([
  ['a bare node:http server', startBare],
  ['an Express app', startExpress],
  ['a Fastify app', startFastify],
])('%s', (_name, startServer) => {
  const start = async (options: Partial<ServiceOptions> = {}): Promise<Running> => {
    const slow = new Promise<void>((resolve) => (release = resolve));
    running = await startServer({ name: 'orders', manager, ...options }, slow);
    return running;
  };

  test('registers where it listens, and is ready then', async () => {
    const { port, ready, state } = await start({ registration: { id: 'orders-1', tags: ['v1'] } });
    await ready();
    expect(manager.events).toEqual(['registered orders-1']);
    expect(await manager.discoverService('orders')).toMatchObject([{ port, address: '127.0.0.1', tags: ['v1'] }]);
    expect(state()).toBe('ready');
    expect(await ask(port, '/livez')).toMatchObject({ status: 200, text: 'alive' });
    expect(await ask(port, '/readyz?verbose')).toMatchObject({ status: 200, text: 'ready' });
    expect(await ask(port, '/else')).toMatchObject({ status: 200, text: 'hello /else', connection: 'keep-alive' });
  });

  test('port, address and the paths can be said', async () => {
    const { port, ready } = await start({
      registration: { id: 'a', port: 81, address: '10.1.2.3' },
      livePath: '/up',
      readyPath: '/in',
    });
    await ready();
    expect(await manager.discoverService('orders')).toMatchObject([{ port: 81, address: '10.1.2.3' }]);
    expect(await ask(port, '/up')).toMatchObject({ text: 'alive' });
    expect(await ask(port, '/in')).toMatchObject({ text: 'ready' });
    expect(await ask(port, '/livez')).toMatchObject({ text: 'hello /livez' });
  });

  test('is not ready while the registry cannot be asked, and tries again', async () => {
    const registerService = manager.registerService.bind(manager);
    let fails = 1;
    manager.registerService = (...given) => {
      if (fails-- > 0) return unavailable();
      return registerService(...given);
    };
    const { port, ready, errors } = await start();
    expect(await ask(port, '/readyz')).toMatchObject({ status: 503, text: 'starting' });
    expect(await ask(port, '/livez')).toMatchObject({ status: 200 });
    await ready();
    expect(await ask(port, '/readyz')).toMatchObject({ status: 200 });
    expect(errors).toMatchObject([{ code: 'UNAVAILABLE' }]);
  });

  test('a registration that is refused is told and not repeated', async () => {
    let asked = 0;
    manager.registerService = () => {
      asked++;
      return Promise.reject(new ServiceDiscoveryError('INVALID_ARGUMENT', 'tags must be texts'));
    };
    const { ready, errors } = await start();
    await expect(ready()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(errors).toMatchObject([{ code: 'INVALID_ARGUMENT' }]);
    expect(asked).toBe(1);
  });

  test('leaves in order: out of the answers, then served to the end, then gone, then closed', async () => {
    const { port, ready, close, state } = await start({ registration: { id: 'o' } });
    await ready();
    const slow = ask(port, '/slow');
    await ask(port, '/first');
    const closed = close();
    expect(state()).toBe('draining');
    expect(await ask(port, '/readyz')).toMatchObject({ status: 503, text: 'draining', connection: 'close' });
    expect(await ask(port, '/livez')).toMatchObject({ status: 200 });
    expect(await ask(port, '/late')).toMatchObject({ status: 200, text: 'hello /late', connection: 'close' });
    expect(manager.events).toEqual(['registered o', 'draining o']);
    release();
    expect(await slow).toMatchObject({ status: 200, text: 'hello /slow', connection: 'close' });
    await closed;
    expect(manager.events).toEqual(['registered o', 'draining o', 'deregistered o']);
    expect(state()).toBe('closed');
    await expect(ask(port, '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await close();
    expect(manager.events).toHaveLength(3);
  });

  test('requests that do not end are cut after finishMs', async () => {
    const { port, ready, close } = await start({ finishMs: 20 });
    await ready();
    const cut = ask(port, '/slow').catch((error: Error) => error);
    await ask(port, '/');
    await close();
    expect(await cut).toMatchObject({ code: 'UND_ERR_SOCKET' });
    expect(manager.events.at(-1)).toMatch('deregistered');
  });

  test('leaves before it was ever registered', async () => {
    manager.registerService = unavailable;
    const { ready, close } = await start();
    await close();
    await expect(ready()).rejects.toMatchObject({ code: 'CLOSED' });
    expect(manager.events).toEqual([]);
  });

  test('what is registered while it leaves is deregistered all the same, under the id of every try', async () => {
    const registerService = manager.registerService.bind(manager);
    const ids: string[] = [];
    const answered = new EventEmitter();
    manager.registerService = async (name, given) => {
      ids.push(given.id ?? '');
      if (ids.length === 1) throw new ServiceDiscoveryError('TIMEOUT', 'too slow');
      await once(answered, 'answer');
      return registerService(name, given);
    };
    const { close, state } = await start();
    await expect.poll(() => ids.length).toBe(2);
    const closed = close();
    expect(state()).toBe('draining');
    answered.emit('answer');
    await closed;
    expect(ids[0]).toBe(ids[1]);
    expect(manager.events).toEqual([`registered ${ids[0]}`, `draining ${ids[0]}`, `deregistered ${ids[0]}`]);
  });

  test('a registry that fails while it leaves does not hold it up', async () => {
    const { ready, close, errors, port } = await start();
    const registration = (await ready()) as { drain: unknown; deregister: unknown };
    registration.drain = unavailable;
    registration.deregister = unavailable;
    await close();
    expect(errors).toHaveLength(2);
    await expect(ask(port, '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('a request that comes in while it is deregistered is answered', async () => {
    const { port, ready, close, server } = await start();
    const registration = (await ready()) as Registration;
    await ask(port, '/first');
    const deregister = registration.deregister.bind(registration);
    let late: ReturnType<typeof ask> | undefined;
    Object.assign(registration, {
      deregister: async () => {
        late = ask(port, '/slow');
        await once(server, 'request');
        await deregister();
      },
    });
    const closed = close();
    await expect.poll(() => manager.events.at(-1)).toMatch('deregistered');
    await new Promise(setImmediate);
    release();
    expect(await late).toMatchObject({ status: 200, text: 'hello /slow', connection: 'close' });
    await closed;
  });

  test('what became a WebSocket does not hold the end up', async () => {
    const { port, ready, close, server } = await start();
    await ready();
    server.on('upgrade', (_request, socket) => {
      socket.on('error', () => {});
      socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: any\r\nconnection: upgrade\r\n\r\n');
    });
    const client = connect(port, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nhost: a\r\nupgrade: any\r\nconnection: upgrade\r\n\r\n');
    await once(client, 'data');
    const ended = once(client, 'close');
    await close();
    await ended;
  });

  test.each([
    [{ name: '' }, 'name must be the name of the service'],
    [{ onsignal: true }, 'onsignal is not an option; did you mean onSignal?'],
    [{ livePath: 'livez' }, 'livePath must begin with /'],
    [{ drainMs: -1 }, 'drainMs must not be negative'],
  ])('%j is refused', async (options, message) => {
    await expect(start(options as Partial<ServiceOptions>)).rejects.toThrow(message);
  });
});

test('a server closed without us is deregistered all the same', async () => {
  const service = discoveryService({ name: 'orders', manager, registration: { id: 'o' } });
  const server = service.attach(createServer().listen(0, '127.0.0.1'));
  await once(server, 'listening');
  await service.ready();
  server.close();
  await expect.poll(() => manager.events).toEqual(['registered o', 'draining o', 'deregistered o']);
});

test('a server closed while it begins to listen does not listen on, and is not registered', async () => {
  const service = discoveryService({ name: 'orders', manager });
  const server = service.attach(createServer().listen(0, 'localhost'));
  await service.close();
  await once(server, 'listening');
  await expect.poll(() => server.listening).toBe(false);
  const app = fastify();
  await app.register(discoveryPlugin, { name: 'orders', manager });
  const listened = app.listen({ port: 0, host: '127.0.0.1' });
  await app.close();
  await listened;
  await expect.poll(() => app.server.listening).toBe(false);
  expect(manager.events).toEqual([]);
});

test('one that listens already is registered as well, at the manager’s address when it listens on all', async () => {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const service = discoveryService({ name: 'orders', manager });
  const requests: object[] = [];
  const registerService = manager.registerService.bind(manager);
  manager.registerService = (name, given) => {
    requests.push(given);
    return registerService(name, given);
  };
  service.attach(server);
  await service.ready();
  expect(requests).toEqual([{ id: expect.stringMatching(/^orders-/), port: (server.address() as AddressInfo).port }]);
  await service.close();
});

test('a server on a unix socket needs to be told its port', async () => {
  const errors: Error[] = [];
  const service = discoveryService({ name: 'orders', manager, onError: (error) => void errors.push(error) });
  const server = service.attach(createServer().listen(`\0datapunk-${process.pid}`));
  await once(server, 'listening');
  await expect(service.ready()).rejects.toThrow(/registration.port must say how to reach it/);
  await service.close();
});

test('without onError errors are process warnings', async () => {
  manager.registerService = () => Promise.reject(new ServiceDiscoveryError('PERMISSION_DENIED', 'not you'));
  const warned = once(process, 'warning');
  const service = discoveryService({ name: 'orders', manager });
  const server = service.attach(createServer().listen(0, '127.0.0.1'));
  const [warning] = (await warned) as [Error];
  expect(warning.message).toBe('service discovery: not you');
  await service.close();
  expect(server.listening).toBe(false);
});

test('one keep-alive connection is asked to close by the last answer of a draining server', async () => {
  const slow = new Promise<void>((resolve) => (release = resolve));
  running = await startBare({ name: 'orders', manager }, slow);
  await running.ready();
  const incoming = get(`http://127.0.0.1:${running.port}/slow`);
  await once(incoming, 'socket');
  await request(`http://127.0.0.1:${running.port}/`, { dispatcher: agent }).then(({ body }) => body.dump());
  const closed = running.close();
  release();
  const [answer] = (await once(incoming, 'response')) as [IncomingMessage];
  expect(answer.headers.connection).toBe('close');
  answer.resume();
  await closed;
});
