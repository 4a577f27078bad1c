/**
 * Real agents that know each other: processes of `bin/datapunk agent` on loopback addresses of their own, or on machines
 * of a `Lan`. Names are n0, n1, …; each keeps its data in a directory unless told otherwise, joins the first two, and is
 * gone when the mesh is closed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { refusedAddress } from '../../src/testing/loopback-server.js';
import { hostPort } from './agent.js';
import { MeshAgent, type MeshPlace } from './mesh-agent.js';
import type { Lan } from './netns.js';

export interface MeshOptions {
  readonly count: number;
  /** Machines to live on; without them on the loopback. */
  readonly lan?: Lan;
  /** `ipv6`: all on ::1, with ports of their own. */
  readonly family?: 'ipv4' | 'ipv6';
  readonly memory?: boolean;
  /** Added to the configuration of each. */
  readonly config?: object | ((i: number) => object);
  /** First part of every name. Default: n. */
  readonly prefix?: string;
  /** Machines before the first one of this mesh, of a `Lan` shared with another mesh. */
  readonly skip?: number;
}

const PEER_PORT = 8301;
/** As many as two cores start without being late. */
const STARTS_AT_ONCE = 3;
const LOOK_EVERY_MS = 50;

export class Mesh implements AsyncDisposable {
  private constructor(
    readonly agents: readonly MeshAgent[],
    private readonly directory: string,
  ) {}

  /** All of them, and each knows all others alive. */
  static async start(options: MeshOptions): Promise<Mesh> {
    const mesh = await Mesh.prepare(options);
    try {
      await mesh.startAll();
      await mesh.whole();
      return mesh;
    } catch (error) {
      const said = mesh.logs();
      await mesh[Symbol.asyncDispose]();
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${said}`, { cause: error });
    }
  }

  /** Nothing is started yet. */
  static async prepare(options: MeshOptions): Promise<Mesh> {
    const directory = mkdtempSync(join(tmpdir(), 'datapunk-mesh-'));
    const places = await placesOf(options, directory);
    return new Mesh(
      places.map((place) => new MeshAgent(place)),
      directory,
    );
  }

  async startAll(agents = this.agents): Promise<void> {
    const waiting = [...agents];
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next.start();
    };
    await Promise.all(Array.from({ length: STARTS_AT_ONCE }, worker));
  }

  at(i: number): MeshAgent {
    const agent = this.agents[i];
    if (agent === undefined) throw new Error(`there is no agent ${i}`);
    return agent;
  }

  /** Every one of these agents sees every other alive, and its node. */
  async whole(agents = this.agents, withinMs = 20_000): Promise<void> {
    const names = agents.map(({ name }) => name).sort();
    const alive = names.map((name) => `${name} alive`);
    await this.agree('members', (agent) => agent.members(), alive, { agents, withinMs, part: true });
    await this.agree('nodes', (agent) => agent.nodes(), names, { agents, withinMs, part: true });
  }

  /**
   * Asks each agent until its answer is the expected one; gives how long the last of them took, or throws what the
   * slowest said last. `part`: more may be in the list than is expected.
   */
  async agree<T>(
    what: string,
    ask: (agent: MeshAgent) => Promise<T>,
    expected: T,
    { agents = this.agents, withinMs = 10_000, part = false }: Look = {},
  ): Promise<number> {
    const began = performance.now();
    const enough = (value: T | undefined): boolean =>
      part && Array.isArray(value) && Array.isArray(expected)
        ? expected.every((one) => value.includes(one))
        : isDeepStrictEqual(value, expected);
    const one = async (agent: MeshAgent): Promise<void> => {
      for (let said: T | Error | undefined; ; await delay(LOOK_EVERY_MS)) {
        said = await ask(agent).catch((error: unknown) => error as Error);
        if (!(said instanceof Error) && enough(said)) return;
        if (performance.now() - began > withinMs) {
          const shown = said instanceof Error ? String(said) : JSON.stringify(said);
          throw new Error(
            `${what} at ${agent.name}: ${shown} after ${withinMs} ms, expected ${JSON.stringify(expected)}`,
          );
        }
      }
    };
    await Promise.all(agents.map(one));
    return performance.now() - began;
  }

  /** The last lines of each. */
  logs(count = 20): string {
    return this.agents
      .map((agent) => {
        const lines = agent.log().trimEnd().split('\n').slice(-count);
        return `--- ${agent.name}\n${lines.join('\n')}`;
      })
      .join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.agents.map((agent) => agent.close()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}

interface Look {
  readonly agents?: readonly MeshAgent[];
  readonly withinMs?: number;
  readonly part?: boolean;
}

/** All but these. */
export function without(mesh: Mesh, ...gone: readonly number[]): MeshAgent[] {
  return mesh.agents.filter((_, i) => !gone.includes(i));
}

async function placesOf(options: MeshOptions, directory: string): Promise<MeshPlace[]> {
  const { count, lan, memory, config = {}, prefix = 'n' } = options;
  const addresses = await addressesOf(options);
  const seeds = addresses.slice(0, 2).map(({ host, peerPort }) => peerText(host, peerPort));
  return Array.from({ length: count }, (_, i) => {
    const name = `${prefix}${i}`;
    const machine = lan?.hosts[i + (options.skip ?? 0)];
    return {
      name,
      ...(addresses[i] as { host: string; peerPort: number }),
      ...(memory ? {} : { dataDir: join(directory, name) }),
      ...(machine && { through: machine.through, socketPath: join(directory, `${name}.sock`) }),
      config: { retry_join: seeds, ...(typeof config === 'function' ? config(i) : config) },
    };
  });
}

async function addressesOf({
  count,
  lan,
  family,
  skip = 0,
}: MeshOptions): Promise<{ host: string; peerPort: number }[]> {
  if (lan !== undefined) {
    return lan.hosts.slice(skip, skip + count).map(({ address }) => ({ host: address, peerPort: PEER_PORT }));
  }
  if (family === 'ipv6') {
    const free = Array.from({ length: count }, () => refusedAddress(createServer(), '::1'));
    return (await Promise.all(free)).map((address) => ({ host: '::1', peerPort: hostPort(address).port }));
  }
  // All of 127/8 is this machine: agents may have the usual port, each at an address of its own.
  const [a, b] = [byte(), byte()];
  return Array.from({ length: count }, (_, i) => ({ host: `127.${a}.${b}.${i + 1}`, peerPort: PEER_PORT }));
}

function peerText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Of an address that no other mesh of this machine has, most likely. */
function byte(): number {
  return 1 + Math.floor(Math.random() * 254);
}
