import * as grpc from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ServiceDiscoveryError } from '../../model/index.js';
import { deadPort } from '../../testing/http-instance.js';
import { endpointAt, InMemoryDiscovery } from '../../testing/in-memory-discovery.js';
import { registerDiscovery, type GrpcDiscovery, type GrpcDiscoveryOptions } from './register-discovery.js';

/** One method that says which server answered. */
const whoService = {
  who: {
    path: '/test.Who/Who',
    requestStream: false,
    responseStream: false,
    requestSerialize: (value: string) => Buffer.from(value),
    requestDeserialize: String,
    responseSerialize: (value: string) => Buffer.from(value),
    responseDeserialize: String,
  },
} as const satisfies grpc.ServiceDefinition;
const WhoClient = grpc.makeGenericClientConstructor(whoService, 'Who');

/** As a program would set it: calls that never reached a handler, or that a server broke off, are repeated. */
const RETRIES: grpc.ServiceConfig = {
  loadBalancingConfig: [{ round_robin: {} }],
  methodConfig: [
    {
      name: [{}],
      retryPolicy: {
        maxAttempts: 5,
        initialBackoff: '0.02s',
        maxBackoff: '0.2s',
        backoffMultiplier: 2,
        // CANCELLED: how `forceShutdown`, our way to kill a server of this process, ends the calls under way.
        retryableStatusCodes: ['UNAVAILABLE', 'CANCELLED'],
      },
    },
  ],
};

const nobody = (): Promise<never> =>
  Promise.reject(new ServiceDiscoveryError('UNAVAILABLE', 'nobody at 127.0.0.1:8500'));

let manager: InMemoryDiscovery;
const ends: (() => unknown)[] = [];

beforeEach(() => {
  manager = new InMemoryDiscovery();
});
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function serve(port = 0): Promise<{ readonly port: number; calls: number; kill(): void }> {
  const server = new grpc.Server();
  const running = { port, calls: 0, kill: () => server.forceShutdown() };
  server.addService(whoService, {
    who: (_call: unknown, callback: grpc.sendUnaryData<string>) => {
      running.calls++;
      callback(null, String(running.port));
    },
  });
  running.port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  ends.push(running.kill);
  return running;
}

async function register(options: GrpcDiscoveryOptions = {}): Promise<GrpcDiscovery> {
  const made = await registerDiscovery({ manager, grpc, ...options });
  ends.push(() => made.close());
  return made;
}

/** A call that failed after its answer had begun is nobody's to repeat: neither gRPC's nor ours. */
const BEGUN = new WeakSet<object>();

function client(
  target: string,
  options: grpc.ClientOptions = {},
): {
  who(metadata?: grpc.Metadata): Promise<string>;
  close(): void;
} {
  const made = new WhoClient(target, grpc.credentials.createInsecure(), options);
  ends.push(() => made.close());
  const call = made['who'] as (
    argument: string,
    metadata: grpc.Metadata,
    options: { deadline: number },
    callback: (error: grpc.ServiceError | null, value: string) => void,
  ) => grpc.ClientUnaryCall;
  const who = (metadata = new grpc.Metadata()): Promise<string> =>
    new Promise((resolve, reject) => {
      let begun = false;
      const under = call.call(made, 'who?', metadata, { deadline: Date.now() + 5_000 }, (error, value) => {
        if (error && begun) BEGUN.add(error);
        if (error) reject(error);
        else resolve(value);
      });
      under.once('metadata', () => (begun = true));
    });
  return { who, close: () => made.close() };
}

async function answers(who: () => Promise<string>, times: number): Promise<Set<number>> {
  const seen = new Set<number>();
  for (let i = 0; i < times; i++) seen.add(Number(await who()));
  return seen;
}

describe('what we stand on in @grpc/grpc-js', () => {
  test('its version is one that was tried', async () => {
    const { default: manifest } = (await import('@grpc/grpc-js/package.json', { with: { type: 'json' } })) as {
      default: { version: string };
    };
    expect(manifest.version).toMatch(/^1\.14\./);
  });

  test('its experimental part has what we use', () => {
    for (const name of ['registerResolver', 'statusOrFromError', 'statusOrFromValue', 'createResolver'] as const) {
      expect(typeof grpc.experimental[name], name).toBe('function');
    }
    expect(grpc.status.UNAVAILABLE).toBe(14);
  });

  test('a target comes as scheme and path, parameters in the path', async () => {
    await register();
    manager.set('orders', []);
    const options = {};
    const told: unknown[] = [];
    const resolver = grpc.experimental.createResolver(
      { scheme: 'consul', authority: '', path: 'orders?tag=v1&tag=v2&dc=dc2&filter=a+%3D%3D+b' },
      (...given) => told.push(given) > 0,
      options,
    );
    resolver.updateResolution();
    expect(told, 'told from inside updateResolution').toEqual([]);
    await expect.poll(() => told.length).toBe(2);
    expect(manager.opened).toEqual([{ tags: ['v1', 'v2'], datacenter: 'dc2', filter: 'a == b' }]);
    expect(told[0]).toMatchObject([{ ok: true, value: [] }, {}, { ok: true }, expect.any(String)]);
    expect(told[1]).toMatchObject([{ ok: false, error: { code: 14 } }, {}, { ok: true }, expect.any(String)]);
    resolver.destroy();
    expect(manager.handles('orders')).toBe(0);
    manager.set('orders', [endpointAt('orders', 1)]);
    await new Promise(setImmediate);
    expect(told).toHaveLength(2);
    resolver.updateResolution();
    await expect.poll(() => told.length).toBe(3);
    resolver.destroy();
  });
});

describe('a channel to consul:///orders', () => {
  test('reaches all instances in turn', async () => {
    await register();
    const [a, b] = [await serve(), await serve()];
    manager.set('orders', [a.port, b.port]);
    const { who } = client('consul:///orders');
    await expect.poll(() => answers(who, 4)).toEqual(new Set([a.port, b.port]));
  });

  test('follows what comes and goes', async () => {
    await register();
    const [a, b, c] = [await serve(), await serve(), await serve()];
    manager.set('orders', [a.port]);
    const { who } = client('consul:///orders');
    expect(await answers(who, 4)).toEqual(new Set([a.port]));
    manager.set('orders', [a.port, b.port]);
    await expect.poll(() => answers(who, 4)).toEqual(new Set([a.port, b.port]));
    manager.set('orders', [c.port]);
    await expect.poll(() => answers(who, 4)).toEqual(new Set([c.port]));
  });

  test('no endpoints are UNAVAILABLE at once, and come back', async () => {
    await register();
    const a = await serve();
    manager.set('orders', []);
    const { who } = client('consul:///orders');
    await expect(who()).rejects.toMatchObject({ code: grpc.status.UNAVAILABLE, details: 'orders has no endpoints' });
    manager.set('orders', [a.port]);
    await expect.poll(() => who().catch(() => 'not yet')).toBe(String(a.port));
    manager.set('orders', []);
    await expect.poll(() => who().catch((error: grpc.ServiceError) => error.code)).toBe(grpc.status.UNAVAILABLE);
  });

  test('endpoints without a port cannot be dialled', async () => {
    await register();
    const a = await serve();
    manager.set('orders', [endpointAt('orders', 0), endpointAt('orders', a.port)]);
    expect(await answers(client('consul:///orders').who, 4)).toEqual(new Set([a.port]));
  });

  test('a registry that cannot be asked is UNAVAILABLE with its reason', async () => {
    const resolution = manager.resolution.bind(manager);
    manager.resolution = (...given) => ({
      ...resolution(...given),
      current: undefined,
      ready: nobody,
    });
    manager.discoverService = nobody;
    await register();
    await expect(client('consul:///orders').who()).rejects.toMatchObject({
      code: grpc.status.UNAVAILABLE,
      details: 'nobody at 127.0.0.1:8500',
    });
  });

  test.each([
    ['consul:///orders?zone=a', 'zone is not a parameter; known are tag, dc and filter'],
    ['consul:///', 'the name of a service is missing'],
  ])('%s is refused when the client is made', async (target, reason) => {
    await register();
    expect(() => client(target)).toThrow(reason);
  });

  test('a connection that fails has the registry asked again', async () => {
    await register();
    const a = await serve();
    manager.set('orders', [await deadPort()]);
    const fresh: object[] = [];
    manager.discoverService = (...given: unknown[]) => {
      fresh.push(given);
      return Promise.resolve([endpointAt('orders', a.port)]);
    };
    const { who } = client('consul:///orders');
    await expect.poll(() => who().catch(() => 'not yet'), { timeout: 10_000 }).toBe(String(a.port));
    expect(fresh[0]).toEqual(['orders', { useCache: false }]);
  });

  test('a call that waits for ready is answered by the first instance to come, however long none was there', async () => {
    await register();
    const metadata = new grpc.Metadata({ waitForReady: true });
    for (const before of ['unknown', 'empty']) {
      if (before === 'empty') manager.set(before, []);
      const answer = client(`consul:///${before}`).who(metadata);
      await expect.poll(() => manager.handles(before)).toBe(1);
      await new Promise(setImmediate);
      const a = await serve();
      manager.set(before, [a.port]);
      expect(await answer, before).toBe(String(a.port));
    }
  });

  test('a server that comes back at its port is used again, though its endpoint never changed', async () => {
    await register();
    const [a, b] = [await serve(), await serve()];
    manager.set('orders', [a.port, b.port]);
    const { who } = client('consul:///orders');
    expect((await answers(who, 10)).size).toBe(2);
    a.kill();
    const failed = await Promise.allSettled(Array.from({ length: 10 }, () => who()));
    expect(failed.some(({ status }) => status === 'fulfilled')).toBe(true);
    const again = await serve(a.port);
    await expect
      .poll(async () => [await who().catch(() => ''), again.calls > 0][1], { timeout: 10_000, interval: 20 })
      .toBe(true);
  });

  test.each([
    ['given', { serviceConfig: { loadBalancingConfig: [{ pick_first: {} }], methodConfig: [] } }, {}],
    ['the channel’s', {}, { 'grpc.service_config': '{"loadBalancingConfig":[{"pick_first":{}}],"methodConfig":[]}' }],
  ])('the service config is the one %s', async (_whose, options, channel) => {
    await register(options);
    const [a, b] = [await serve(), await serve()];
    manager.set('orders', [a.port, b.port]);
    expect((await answers(client('consul:///orders', channel).who, 8)).size).toBe(1);
  });

  test('under load, instances added, killed and replaced cost no call that may be repeated', async () => {
    await register({ serviceConfig: RETRIES });
    const [a, b] = [await serve(), await serve()];
    manager.set('orders', [a.port, b.port]);
    const { who } = client('consul:///orders');
    const failures: string[] = [];
    const seen = new Set<number>();
    let answered = 0;
    const over = new AbortController();
    const caller = async (): Promise<void> => {
      while (!over.signal.aborted) {
        await who().then(
          (port) => (seen.add(Number(port)), answered++),
          (error: grpc.ServiceError) => BEGUN.has(error) || failures.push(error.message),
        );
      }
    };
    const callers = Array.from({ length: 4 }, caller);
    const more = async (calls: number): Promise<void> => {
      const until = answered + calls;
      await expect.poll(() => answered, { timeout: 10_000 }).toBeGreaterThan(until);
    };
    try {
      await more(50);
      const c = await serve();
      manager.set('orders', [a.port, b.port, c.port]);
      await expect.poll(() => c.calls, { timeout: 10_000 }).toBeGreaterThan(10);
      b.kill(); // before the registry knows
      await more(50);
      manager.set('orders', [a.port, c.port]);
      await more(50);
      const d = await serve();
      manager.set('orders', [d.port, c.port]);
      a.kill();
      await expect.poll(() => d.calls, { timeout: 10_000 }).toBeGreaterThan(10);
    } finally {
      over.abort();
      await Promise.all(callers);
    }
    expect(failures).toEqual([]);
    expect(seen.size).toBe(4);
  });

  test('closed: watches end, and new channels say so', async () => {
    const discovery = await register();
    const a = await serve();
    manager.set('orders', [a.port]);
    const { who } = client('consul:///orders');
    await who();
    expect(manager.handles('orders')).toBe(1);
    await discovery.close();
    expect(manager.handles('orders')).toBe(0);
    expect(await who()).toBe(String(a.port));
    await expect(client('consul:///orders').who()).rejects.toMatchObject({ code: grpc.status.UNAVAILABLE });
  });
});

describe('registering', () => {
  test('finds grpc-js by itself', async () => {
    const made = await registerDiscovery({ manager, scheme: 'consul-own' });
    ends.push(() => made.close());
    const a = await serve();
    manager.set('orders', [a.port]);
    expect(await client('consul-own:///orders').who()).toBe(String(a.port));
  });

  test.each([
    [{ scheme: 'Consul!' }, 'scheme must be a scheme, as in consul'],
    [{ serviceConfig: 'x' }, 'serviceConfig must be a service config'],
    [{ mangaer: 1 }, 'mangaer is not an option; did you mean manager?'],
  ])('%j is refused', async (options, message) => {
    await expect(registerDiscovery({ manager, ...options } as GrpcDiscoveryOptions)).rejects.toThrow(message);
  });
});
