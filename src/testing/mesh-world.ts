import { Catalog } from '../catalog/index.js';
import { defaults } from '../model/index.js';
import type { Row, Store } from '../model/index.js';
import type { Registry } from '../registry/index.js';
import { createRegistry } from '../registry/index.js';
import { silentLogger, type Logger } from '../runtime/index.js';
import { openMemoryStore } from '../store/index.js';
import { defaultSyncSettings, parseSeed, RegistrySync, type Held, type SyncSettings } from '../sync/index.js';
import { FakeClock } from './fake-clock.js';
import { MemoryNetwork } from './memory-network/memory-network.js';
import { seededRandom } from './seeded-random.js';

export interface MeshAgent {
  readonly registry: Registry;
  readonly sync: RegistrySync;
  readonly host: string;
  /** Lines of its log: event and fields. */
  readonly log: readonly string[];
  /** In order: says goodbye. */
  stop(): Promise<void>;
  /** Its connections end without a word, and nobody listens any more. Resolves with its disk. */
  kill(): Promise<KeptRows>;
}

/** What an agent that was killed had on disk: started with it, it is the same one again. */
export type KeptRows = Pick<MeshAgentOptions, 'id' | 'host'> & { readonly rows: readonly Row[] };

export interface MeshAgentOptions {
  /** Its machine: an address of the memory network. Default: one of its own. */
  readonly host?: string;
  readonly id?: string;
  readonly join?: readonly string[];
  readonly primary?: string;
  readonly datacenter?: string;
  readonly keys?: readonly string[];
  readonly settings?: Partial<SyncSettings>;
  readonly rows?: readonly Row[];
  readonly rejoinAfterLeave?: boolean;
}

/** Whole agents, without HTTP and DNS, in memory: registries in sync over a network and a clock in the test's hand. */
export class MeshWorld implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly random;
  readonly network: MemoryNetwork;
  private readonly agents: MeshAgent[] = [];
  private machines = 0;

  constructor(seed = 1) {
    this.random = seededRandom(seed);
    this.network = new MemoryNetwork({ clock: this.clock, random: this.random });
  }

  /** `a`, `b`, `c` on machines 10.0.0.1, .2, .3, joined to the first, with `a` as the home unless said otherwise. */
  async mesh(names: readonly string[], options: MeshAgentOptions = {}): Promise<MeshAgent[]> {
    const started: MeshAgent[] = [];
    for (const name of names) {
      const [first] = started;
      const join = first ? [`${first.host}:${defaults.peerPort}`] : [];
      started.push(await this.start(name, { join, primary: names[0] ?? '', ...options }));
    }
    await this.clock.advance(1_000);
    return started;
  }

  async start(name: string, options: MeshAgentOptions = {}): Promise<MeshAgent> {
    const { clock, random } = this;
    const host = options.host ?? `10.0.0.${++this.machines}`;
    const log: string[] = [];
    const network = this.network.host(host);
    let isDead = false;
    const logger = loggerTo(log);
    const { id = this.newId(), datacenter = 'dc1' } = options;
    const registry = await createRegistry({
      store: await storeOf(options.rows ?? []),
      clock,
      random,
      logger: silentLogger,
      datacenter,
      node: { name, address: host, id },
      newId: () => this.newId(),
    });
    const sync = await RegistrySync.start({
      host: registry.syncHost,
      network: {
        ...network,
        dial: (...given) => (isDead ? Promise.reject(new Error('dead')) : network.dial(...given)),
      },
      clock,
      random,
      logger,
      listen: { host, port: defaults.peerPort },
      address: host,
      version: '0.0.0',
      primaryNode: options.primary ?? '',
      settings: { ...defaultSyncSettings, ...options.settings },
      ...(options.keys ? { keyring: { ring: ringOf(options.keys), store: async () => {} } } : {}),
      seeds: (options.join ?? []).flatMap(seedOf),
      lookup: async (address) => [address],
      rejoinAfterLeave: options.rejoinAfterLeave ?? false,
      nothing: new Catalog({ datacenter }),
    });
    const agent: MeshAgent = {
      registry,
      sync,
      host,
      log,
      stop: async () => {
        await this.run(sync.close());
        await registry.close();
      },
      kill: async () => {
        const { documents } = registry.syncHost.held()[0] as Held;
        const rows = [...registry.snapshot().rows, ...documents];
        isDead = true;
        this.network.kill(host);
        await sync.close();
        await registry.close();
        return { id, host, rows };
      },
    };
    this.agents.push(agent);
    return agent;
  }

  /** What needs time to pass, while it passes. */
  async run<T>(work: Promise<T>, atMostMs = 30_000): Promise<T> {
    const state = { isOver: false };
    const over = (): void => void (state.isOver = true);
    work.then(over, over);
    await this.clock.advance(0);
    for (let ms = 0; !state.isOver && ms < atMostMs; ms += 5) await this.clock.advance(5);
    if (!state.isOver) throw new Error(`it did not end within ${atMostMs} ms`);
    return work;
  }

  /** Advances until it holds; throws what it last threw. */
  async until(holds: () => void, atMostMs = 10_000): Promise<void> {
    for (let ms = 0; ; ms += 10) {
      try {
        return holds();
      } catch (error) {
        if (ms >= atMostMs) throw error;
        await this.clock.advance(10);
      }
    }
  }

  /** A UUID that the seed decides. */
  private newId(): string {
    const digits = Array.from({ length: 32 }, () => Math.floor(this.random.next() * 16).toString(16)).join('');
    return digits.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const agent of this.agents.splice(0)) await agent.stop();
  }
}

async function storeOf(rows: readonly Row[]): Promise<Store> {
  const store = openMemoryStore();
  if (rows.length > 0) await store.commit(rows.map((row) => ({ op: 'put', row, keepIndexes: true })));
  return store;
}

function ringOf(keys: readonly string[]) {
  return { keys, primary: keys[0] ?? '', at: 0 };
}

function seedOf(text: string) {
  const seed = parseSeed(text);
  return seed ? [{ host: seed.host, port: seed.port ?? defaults.peerPort }] : [];
}

function loggerTo(lines: string[]): Logger {
  const line = (fields: object, event: string): void => void lines.push(`${event} ${JSON.stringify(fields)}`);
  const logger: Logger = { debug: line, info: line, warn: line, error: line, child: () => logger };
  return logger;
}
