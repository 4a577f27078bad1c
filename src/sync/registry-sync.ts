import {
  defaults,
  isDiscoveryError,
  notFound,
  ServiceDiscoveryError,
  type CatalogView,
  type Cluster,
  type ClusterMember,
  type Contact,
  type Keyring,
  type RegistryCommands,
  type SyncReport,
} from '../model/index.js';
import type { Connection, NetworkAddress, NetworkListener } from '../runtime/index.js';
import { beginIncarnation, formerLife, rememberLeaving } from './loop/incarnation.js';
import { refusalOf } from './loop/refusals.js';
import { SyncLoop } from './loop/sync-loop.js';
import type { RegistrySyncOptions } from './options.js';
import { parseSeed } from './seed-address.js';
import { hostPort, serverName } from './server-name.js';
import { addressOf } from './route/home.js';

/** How long peers have to take what is said last. */
const LAST_WORDS_MS = 1_000;

/**
 * Registry synchronisation: this agent as one of several. Facts travel as streams of their owners, liveness is each
 * agent's own judgement, commands go to whoever may decide them (docs/sync.md). It promises no consensus: agents that
 * cannot reach each other go on separately, and their facts are joined when they meet again.
 */
export class RegistrySync implements Cluster {
  /** The registry's commands, decided here or where they belong. */
  readonly commands: RegistryCommands;
  readonly home: Cluster['home'];
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly options: RegistrySyncOptions,
    private readonly loop: SyncLoop,
    private readonly listener: NetworkListener,
  ) {
    this.commands = loop.commands;
    this.home = loop.home;
  }

  /** Rejects with UNAVAILABLE when the peer port cannot be had. */
  static async start(options: RegistrySyncOptions): Promise<RegistrySync> {
    const early: Connection[] = [];
    let accept = (connection: Connection): void => void early.push(connection);
    const listener = await options.network.listen(options.listen, (connection) => accept(connection));
    try {
      const former = formerLife(options.host.held());
      const inc = await beginIncarnation(options.host, former, options.clock.wall());
      const loop = new SyncLoop(options, { address: listener.address, inc, hasLeft: former.hasLeft });
      accept = (connection) => loop.mesh.accept(connection);
      for (const connection of early) accept(connection);
      loop.start();
      return new RegistrySync(options, loop, listener);
    } catch (error) {
      for (const connection of early) connection.destroy();
      await listener.close();
      throw error;
    }
  }

  /** Where peers reach this agent. */
  get address(): NetworkAddress {
    return this.listener.address;
  }

  get keyring(): Keyring | undefined {
    return this.loop.keyring;
  }

  catalogOf(datacenter: string): CatalogView | undefined {
    return this.loop.catalogs.of(datacenter);
  }

  datacenters(): readonly string[] {
    return this.loop.catalogs.names();
  }

  indexSpaceOf(datacenter: string): string {
    return this.loop.catalogs.indexSpaceOf(datacenter);
  }

  onReplaced(listener: () => void): () => void {
    return this.loop.catalogs.onReplaced(listener);
  }

  contact(): Contact {
    const { active, sinceMs } = this.loop.members.protectedMode();
    if (!active) return KNOWN;
    return { known: false, lastContactMs: Math.max(1, Math.round(this.options.clock.now() - sinceMs)) };
  }

  peers(): readonly string[] {
    const { host } = this.options;
    if (!host.catalog.ready) return [];
    const { members } = this.loop;
    const others = [...members.all()].filter(
      ({ info, state }) =>
        info.datacenter === members.self.datacenter && state !== 'left' && state !== 'dead' && state !== 'leaving',
    );
    const addresses = others.map(({ info }) => serverName(addressOf(members, host.catalog, info.origin)));
    return [serverName(this.options.address), ...addresses.sort()];
  }

  members(): readonly ClusterMember[] {
    return this.loop.clusterMembers.all();
  }

  ownerOf(node: string): ClusterMember | undefined {
    const row = this.options.host.catalog.node(node);
    return row && this.loop.clusterMembers.of(row.origin);
  }

  async join(address: string): Promise<void> {
    const seed = parseSeed(address);
    if (!seed) {
      throw new ServiceDiscoveryError(
        'INVALID_ARGUMENT',
        `${JSON.stringify(address)} is no address: HOST or HOST:PORT`,
      );
    }
    const { host, port = defaults.peerPort } = seed;
    const found = await this.options.lookup({ host, port }).catch((cause: unknown) => {
      throw new ServiceDiscoveryError('UNAVAILABLE', `cannot find ${host}: ${messageOf(cause)}`, { cause });
    });
    const failures: unknown[] = [];
    for (const one of found) {
      const failure = await this.meet(one).catch((error: unknown) => error);
      if (failure === undefined) return;
      failures.push(failure);
    }
    throw notMet(hostPort(host, port), failures);
  }

  async leave(): Promise<void> {
    this.loop.leave();
    await rememberLeaving(this.options.host);
    await this.loop.mesh.drained(LAST_WORDS_MS);
  }

  async forceLeave(node: string, { prune = false }: { readonly prune?: boolean } = {}): Promise<void> {
    const view = this.memberNamed(node);
    if (!view) throw notFound(`agent: No node found with name '${node}'`);
    const { info, state } = view;
    if (info.origin === this.loop.members.self.origin) return;
    if (state !== 'left' && state !== 'dead' && view.isConnected) {
      throw new ServiceDiscoveryError(
        'CONFLICT',
        `agent ${info.node} is ${state}: only one that is gone can be forced to leave`,
      );
    }
    this.loop.take({ type: 'force-leave', origin: info.origin, prune });
    await this.loop.merges.settled();
  }

  report(): SyncReport {
    return this.loop.report();
  }

  /** Says goodbye, which is not leaving: this agent means to come back. Harmless twice. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    await this.loop.close(LAST_WORDS_MS);
    await this.listener.close();
  }

  /** Resolves when connected. An address of our own, or of somebody who is connected already, is met. */
  private async meet(address: NetworkAddress): Promise<void> {
    if (this.loop.mesh.isMet(address)) return;
    try {
      await this.loop.mesh.reach(address);
    } catch (error) {
      const code = refusalOf(error)?.code;
      if (code !== 'self' && code !== 'duplicate') throw error;
    }
  }

  /** `NAME`, or `NAME.DATACENTER` as members of other datacenters are shown. */
  private memberNamed(node: string): ReturnType<SyncLoop['clusterMembers']['named']> {
    const { clusterMembers, members } = this.loop;
    const found = clusterMembers.named(node, members.self.datacenter);
    const dot = node.lastIndexOf('.');
    return found ?? (dot < 0 ? undefined : clusterMembers.named(node.slice(0, dot), node.slice(dot + 1)));
  }
}

const KNOWN: Contact = { known: true, lastContactMs: 0 };

function notMet(address: string, failures: readonly unknown[]): ServiceDiscoveryError {
  const refused = failures.find((error) => refusalOf(error) !== undefined);
  const reasons = failures.length === 0 ? 'the name has no address' : failures.map(messageOf).join('; ');
  return new ServiceDiscoveryError(refused ? 'CONFLICT' : 'UNAVAILABLE', `cannot join ${address}: ${reasons}`, {
    cause: refused ?? failures[0],
  });
}

function messageOf(error: unknown): string {
  if (isDiscoveryError(error)) return refusalOf(error)?.reason ?? error.message;
  return error instanceof Error ? error.message : String(error);
}
