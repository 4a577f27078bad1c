import { defaults, type RegistryCommands, type SyncReport } from '../../model/index.js';
import type { NetworkAddress } from '../../runtime/index.js';
import { CallExchange } from '../calls/call-exchange.js';
import type { StreamPosition } from '../calls/outgoing-calls.js';
import { openPeerConnection } from '../connection/introduction.js';
import { PeerKeys } from '../connection/peer-keys.js';
import { createMembers } from '../members/members.js';
import { streamId, type MemberInfo, type Message, type Origin, type StreamKind } from '../messages.js';
import type { RegistrySyncOptions } from '../options.js';
import { protocolVersions } from '../protocol.js';
import { clusterCommands } from '../route/cluster-commands.js';
import { ClusterHome } from '../route/home.js';
import { PeersBarrier } from '../route/peers-barrier.js';
import { hostPort } from '../server-name.js';
import { createSyncState, type SyncState } from '../step/step.js';
import type { MembersPart } from '../step/parts.js';
import type { SyncInput } from '../step/types.js';
import { createStreams } from '../streams/streams.js';
import { Catalogs } from './catalogs.js';
import { ClusterKeyring } from './cluster-keyring.js';
import { ClusterMembers } from './cluster-members.js';
import { Engine } from './engine.js';
import { forgetLeaving } from './incarnation.js';
import { LocalBatch } from './local-batch.js';
import { MergeQueue } from './merge-queue.js';
import { Mesh } from './mesh.js';
import { Notices } from './notices.js';
import { Outbox } from './outbox.js';
import { Ticker } from './ticker.js';

/** This life of the agent. */
export interface Life {
  /** Where the peer port listens. */
  readonly address: NetworkAddress;
  readonly inc: number;
  /** It left in the life before. */
  readonly hasLeft: boolean;
}

/** The parts of sync put together around one step: sockets, timers and the registry on one side, pure rules on the other. */
export class SyncLoop {
  readonly commands: RegistryCommands;
  readonly home: ClusterHome;
  readonly mesh: Mesh;
  readonly catalogs: Catalogs;
  readonly clusterMembers: ClusterMembers;
  readonly keyring: ClusterKeyring | undefined;
  readonly merges: MergeQueue;
  private readonly state: SyncState;
  private readonly engine: Engine;
  private readonly outbox: Outbox;
  private readonly batch: LocalBatch;
  private readonly ticker: Ticker;
  private readonly calls: CallExchange;
  private readonly notices: Notices;
  private readonly stopListening: () => void;

  constructor(
    private readonly options: RegistrySyncOptions,
    private readonly life: Life,
  ) {
    const { host, clock, random, logger, settings } = options;
    this.state = createSyncState(
      { self: ownInfo(options, life), settings, held: () => host.held(), clock: host.clock },
      { members: createMembers, streams: createStreams },
    );
    const { members, streams } = this.state;
    host.judgeOrigins((origin) => members.isLive(origin));
    this.outbox = new Outbox((send) => this.mesh.say(send));
    this.merges = new MergeQueue(host, logger, (target) => this.catalogs.merged(target));
    this.notices = new Notices({
      logger,
      host,
      nameOf: (origin) => members.of(origin)?.info.node ?? origin,
      refused: (origin) => this.mesh.reconsider(origin),
    });
    this.engine = new Engine({
      state: this.state,
      clock,
      random,
      logger,
      merges: this.merges,
      outbox: this.outbox,
      notice: (notice) => this.notices.take(notice),
      offended: (origin) => this.mesh.cut(origin),
      stepped: () => {
        this.calls.look();
        this.catalogs.lookAtHome();
      },
    });
    this.batch = new LocalBatch(clock, settings, (input) => this.engine.take(input));
    this.calls = new CallExchange({
      clock,
      commands: host.commands,
      isHome: () => members.home().origin === members.self.origin,
      isOfOurs: (origin) => members.of(origin)?.info.datacenter === members.self.datacenter,
      send: (to, message) => this.mesh.send({ to, message, priority: 'control' }),
      unheld: () => this.outbox.unheld(),
      own: (kind) => this.own(kind),
      position: (stream) => streams.position(stream),
      settled: () => this.merges.settled(),
    });
    const { caller } = this.calls;
    this.home = new ClusterHome({ ...options, members, caller });
    this.catalogs = new Catalogs({ host, members, home: this.home });
    this.clusterMembers = new ClusterMembers({ members, streams, now: () => clock.now() });
    const stored = options.keyring;
    const ring = stored && new PeerKeys(stored.ring.keys, stored.ring.primary);
    this.mesh = new Mesh({
      ...options,
      ...(ring ? { keys: ring } : {}),
      members,
      introduce: openPeerConnection,
      take: (input) => this.engine.take(input),
      message: (from, message) => this.receive(from, message),
      connected: (peer) => this.met(peer),
      disconnected: (origin) => this.lost(origin),
      isPassive: life.hasLeft && !options.rejoinAfterLeave,
    });
    this.keyring = ring && stored && this.createKeyring(ring, stored);
    const barrier = new PeersBarrier({ clock, members, caller });
    this.commands = clusterCommands({
      local: host.commands,
      catalog: host.catalog,
      members,
      caller,
      caughtUp: () => barrier.pass(),
    });
    this.stopListening = host.onLocal((set) => this.batch.add(set));
    this.ticker = new Ticker({
      clock,
      everyMs: defaults.syncTickMs,
      received: () => this.mesh.received,
      tick: (lagMs) => {
        this.engine.take({ type: 'tick', lagMs });
        this.mesh.upkeep(lagMs);
      },
    });
  }

  get members(): MembersPart {
    return this.state.members;
  }

  start(): void {
    this.ticker.start();
    this.mesh.start();
  }

  take(input: SyncInput): void {
    this.engine.take(input);
  }

  leave(): void {
    this.batch.flush();
    this.engine.take({ type: 'leave' });
  }

  report(): SyncReport {
    const { members, streams } = this.state;
    const { origin, node, datacenter, host, port } = members.self;
    const now = this.options.clock.now();
    const { active, reason, sinceMs } = members.protectedMode();
    const known = streams.report(now);
    return {
      self: { origin, node, datacenter, address: hostPort(host, port) },
      members: this.clusterMembers.all(),
      peers: this.mesh.report(),
      streams: known.streams,
      conflicts: known.conflicts,
      protectedMode: { active, reason, sinceMs: active ? Math.max(0, Math.round(now - sinceMs)) : 0 },
      localHealth: members.localHealth,
      eventLoopLagMs: Math.round(this.ticker.lagMs),
      counters: {
        ...members.counters(),
        ...known.counters,
        ...this.mesh.counters(),
        failedMerges: this.merges.failed,
        failedSteps: this.engine.failedSteps,
        heldBackMessages: this.outbox.dropped,
      },
    };
  }

  async close(graceMs: number): Promise<void> {
    this.stopListening();
    this.ticker.close();
    this.batch.flush();
    this.batch.close();
    const { inc, left } = this.members.self;
    await this.mesh.close(() => (left ? undefined : { type: 'goodbye', inc }), graceMs);
    this.calls.close();
    await this.merges.settled();
  }

  private receive(from: Origin, message: Message): void {
    this.engine.take({ type: 'message', from, message });
    if (message.type === 'keyring') this.keyring?.heard(from, message);
    else this.calls.take(from, message);
  }

  private met(peer: MemberInfo): void {
    this.keyring?.connected(peer);
    if (this.life.hasLeft) void forgetLeaving(this.options.host).catch(() => {});
  }

  private lost(origin: Origin): void {
    this.calls.disconnected(origin);
    this.keyring?.disconnected(origin);
  }

  /** Where our stream stands, as peers have been told or are being told. */
  private own(kind: StreamKind): StreamPosition {
    this.batch.flush();
    const stream = streamId(this.members.self.origin, kind);
    return { stream, ...this.state.streams.position(stream) };
  }

  private createKeyring(keys: PeerKeys, stored: NonNullable<RegistrySyncOptions['keyring']>): ClusterKeyring {
    return new ClusterKeyring({
      keys,
      at: stored.ring.at,
      wall: () => this.options.clock.wall(),
      peers: () => this.mesh.peers(),
      send: (to, message) => this.mesh.say({ to, message, priority: 'control' }),
      store: (ring) => stored.store(ring),
      failed: (error) => this.options.logger.error({ error }, 'sync.keyring_not_kept'),
    });
  }
}

function ownInfo(options: RegistrySyncOptions, { address, inc }: Life): MemberInfo {
  const { host, advertise = address.host, primaryNode, version } = options;
  return {
    origin: host.commands.nodeId,
    inc,
    node: host.commands.nodeName,
    datacenter: host.catalog.datacenter,
    host: advertise,
    port: address.port,
    protocol: protocolVersions,
    build: version,
    primary: primaryNode,
    space: host.indexSpace,
    succeeds: [],
    left: false,
  };
}
