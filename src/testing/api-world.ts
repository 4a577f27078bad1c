import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createHttpApi } from '../api/index.js';
import type { HttpApi, HttpApiDependencies, HttpSettings } from '../api/index.js';
import { allowAll, ServiceDiscoveryError } from '../model/index.js';
import type { RegistryCommands, RegistryHandle, Row } from '../model/index.js';
import { realClock, silentLogger } from '../runtime/index.js';
import { CatalogWorld } from './catalog-world.js';
import { FakeCluster } from './fake-cluster.js';
import { seededRandom } from './seeded-random.js';

export interface Exchange {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Without a Content-Length. */
  readonly chunked?: boolean;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Names as they were spelt on the wire, and values, in turn. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly text: string;
  json(): unknown;
}

const SETTINGS: HttpSettings = {
  responseHeaders: {},
  allowedHosts: ['agent.example'],
  maxConnections: 10_000,
  maxConnectionsPerClient: 200,
  requestLimits: { mode: 'disabled', readRate: 0, writeRate: 0 },
  kvMaxValueBytes: 512 * 1024,
  txnMaxBytes: 512 * 1024,
  prometheus: false,
};

/** The HTTP API on a free loopback port over a catalog that commits at once, with the commands a test gives it. */
export class ApiWorld {
  readonly world: CatalogWorld;
  readonly api: HttpApi;
  readonly cluster: FakeCluster;
  readonly handle: RegistryHandle;
  readonly agent = new Agent({ keepAlive: true });
  indexSpace = '11111111-2222-3333-4444-555555555555';
  port = 0;

  constructor(
    options: {
      rows?: readonly Row[];
      commands?: Partial<RegistryCommands>;
      /** A whole registry instead of the catalog and the commands above. */
      handle?: RegistryHandle;
      settings?: Partial<HttpSettings>;
      dependencies?: Partial<HttpApiDependencies>;
    } = {},
  ) {
    this.world = new CatalogWorld(options.rows);
    this.handle = options.handle ?? { catalog: this.world.catalog, registry: commands(options.commands ?? {}) };
    const { handle } = this;
    const { nodeId: origin, nodeName: node } = handle.registry;
    this.cluster = new FakeCluster(handle.catalog, () => this.indexSpace, { origin, node, address: '127.0.0.1' });
    this.api = createHttpApi({
      handle,
      cluster: this.cluster,
      policy: allowAll,
      clock: realClock,
      random: seededRandom(1),
      logger: silentLogger,
      agent: {
        version: '0.0.0',
        revision: 'test',
        startedAtWall: 0,
        indexSpace: () => this.indexSpace,
        debugConfig: () => ({}),
        unready: () => [],
      },
      actions: {
        reload: async () => {},
        leave: async () => {},
        monitor: () => () => {},
      },
      snapshots: {
        async *write() {
          yield Buffer.from('archive');
        },
        read: async () => ({ rows: [], node: 'n1' }),
      },
      settings: { ...SETTINGS, ...options.settings },
      metrics: () => [],
      ...options.dependencies,
    });
  }

  static async start(...options: ConstructorParameters<typeof ApiWorld>): Promise<ApiWorld> {
    const world = new ApiWorld(...options);
    const where = await world.api.listen({ host: '127.0.0.1', port: 0 });
    if ('port' in where) world.port = where.port;
    return world;
  }

  /** The path goes out exactly as written. */
  ask(path: string, exchange: Exchange = {}): Promise<Answered> {
    return ask({ host: '127.0.0.1', port: this.port, agent: this.agent }, path, exchange);
  }

  /** Resolves once so many blocking queries and event streams wait. */
  async waiting(count = 1): Promise<void> {
    for (;;) {
      const { Gauges } = (await this.ask('/v1/agent/metrics')).json() as { Gauges: { Name: string; Value: number }[] };
      const waits = Gauges.filter(({ Name }) => /_(blocking_queries|watch_streams)$/.test(Name));
      if (waits.reduce((sum, { Value }) => sum + Value, 0) >= count) return;
    }
  }

  async close(): Promise<void> {
    this.agent.destroy();
    await this.api.close();
  }
}

function ask(
  where: { host: string; port: number; agent: Agent },
  path: string,
  { method = 'GET', headers = {}, body, chunked = false }: Exchange,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const length = body === undefined || chunked ? {} : { 'Content-Length': String(Buffer.byteLength(body)) };
    const out = request({ ...where, path, method, headers: { ...length, ...headers } }, (message) => {
      const parts: Buffer[] = [];
      message.on('data', (part: Buffer) => parts.push(part));
      message.on('error', reject);
      message.on('end', () => resolve(answered(message, Buffer.concat(parts))));
    });
    out.on('error', reject);
    out.end(body);
  });
}

function answered(message: IncomingMessage, body: Buffer): Answered {
  const text = body.toString('utf8');
  return {
    status: message.statusCode ?? 0,
    headers: message.headers,
    rawHeaders: message.rawHeaders,
    body,
    text,
    json: () => JSON.parse(text) as unknown,
  };
}

/** Commands that a test does not give are refused, so that calling one by accident shows. */
function commands(given: Partial<RegistryCommands>): RegistryCommands {
  const base = {
    nodeName: 'n1',
    nodeId: '40e4a748-2192-161a-0510-9bf59fe950b5',
    localServices: () => new Map(),
    localChecks: () => new Map(),
    localChecksOf: () => [],
    localCheck: () => undefined,
    checkHistory: () => [],
    ...given,
  };
  return new Proxy(base, {
    get: (target, name) => Reflect.get(target, name) ?? refuse,
  }) as unknown as RegistryCommands;
}

function refuse(): never {
  throw new ServiceDiscoveryError('UNSUPPORTED', 'this test has no such command');
}
