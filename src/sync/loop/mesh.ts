import { defaults, limits, ServiceDiscoveryError, type PeerReport } from '../../model/index.js';
import type { Clock, Connection, Logger, Network, NetworkAddress, Random } from '../../runtime/index.js';
import type { PeerKeys } from '../connection/peer-keys.js';
import type { PeerConnection, PeerConnectionOptions, PeerEnd, PeerHello, Refusal } from '../connection/types.js';
import type { MemberInfo, Message, Origin } from '../messages.js';
import type { SyncSettings } from '../settings.js';
import type { MembersPart } from '../step/parts.js';
import type { Send, SyncInput } from '../step/types.js';
import { Dialer } from './dialer.js';
import { Links } from './links.js';
import { refusalByThem, RefusalLog } from './refusals.js';
import { Seeds } from './seeds.js';
import { endSilence } from './silence.js';
import { reportConnected, reportWaiting, Traffic } from './traffic.js';

export interface MeshOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly settings: SyncSettings;
  readonly keys?: PeerKeys;
  readonly members: MembersPart;
  readonly seeds: readonly NetworkAddress[];
  readonly lookup: (address: NetworkAddress) => Promise<readonly NetworkAddress[]>;
  readonly introduce: (options: PeerConnectionOptions) => Promise<PeerConnection>;
  readonly take: (input: SyncInput) => void;
  readonly message: (from: Origin, message: Message) => void;
  readonly connected: (peer: MemberInfo) => void;
  readonly disconnected: (origin: Origin) => void;
  /** It left, and looks only for whom it is told of until somebody is met. */
  readonly isPassive: boolean;
}

const STOPPING: Refusal = { code: 'stopping', reason: 'the agent stops' };
/** A connection that neither side needs is ended by the side that made it, this long after it was made. */
const UNWANTED_MS = 10_000;

/** The connections of this agent: who is let in, who is dialled, when one is given up. */
export class Mesh {
  received = 0;
  private readonly links: Links;
  private readonly dialer: Dialer;
  private readonly seeds: Seeds;
  private readonly traffic = new Traffic();
  private readonly refusals: RefusalLog;
  private introducing = 0;
  private made = 0;
  private failedSends = 0;
  private isClosing = false;
  private isPassive: boolean;

  constructor(private readonly options: MeshOptions) {
    const { clock, random, logger, members, seeds, lookup, take } = options;
    this.isPassive = options.isPassive;
    this.refusals = new RefusalLog(clock, logger);
    const reach = (address: NetworkAddress, signal: AbortSignal): Promise<Origin> => this.reach(address, signal);
    this.links = new Links({
      self: members.self.origin,
      clock,
      connected: (peer) => this.connected(peer),
      message: (from, message) => {
        this.received++;
        options.message(from, message);
      },
      ended: (connection, end) => this.ended(connection, end),
      over: (connection) => this.traffic.over(connection),
    });
    this.dialer = new Dialer({
      self: members.self.origin,
      clock,
      random,
      isLinked: (origin) => this.links.get(origin) !== undefined,
      // Two agents cannot be at one address: who is connected there is not asked over and over whether it is another.
      reach: async (address, signal) => this.metAt(address)?.origin ?? reach(address, signal),
      failed: (member, evidence, error) => {
        this.refusals.dial(member, error);
        take({ type: 'dial-failed', origin: member.origin, evidence });
      },
    });
    this.seeds = new Seeds({ seeds, clock, random, logger, lookup, reach, isMet: (address) => this.isMet(address) });
  }

  start(): void {
    this.seeds.start();
    this.reconcile();
  }

  /** Somebody has connected to our port. */
  accept(connection: Connection): void {
    if (this.isClosing || this.introducing >= limits.peerHandshakesAtOnce) return connection.destroy();
    this.introduce(connection, 'acceptor').catch((error: unknown) => this.refusals.accept(connection.remote, error));
  }

  /** Resolves with who is there once connected. */
  async reach(address: NetworkAddress, signal?: AbortSignal): Promise<Origin> {
    const connection = await this.options.network.dial(address, { timeoutMs: defaults.peerDialTimeoutMs, signal });
    if (signal?.aborted || this.isClosing) {
      connection.destroy();
      throw new ServiceDiscoveryError('ABORTED', 'no longer wanted');
    }
    return this.introduce(connection, 'dialer');
  }

  isMet(address: NetworkAddress): boolean {
    return this.metAt(address) !== undefined;
  }

  peers(): readonly MemberInfo[] {
    return Array.from(this.links.all(), ({ connection }) => connection.peer);
  }

  /** False when there is no connection to that agent. Throws for what cannot be said. */
  send({ to, message, priority }: Send): boolean {
    return this.links.send(to, message, priority);
  }

  /** As `send`, for what is repeated or repaired when it is lost. */
  say(send: Send): void {
    try {
      this.send(send);
    } catch (error) {
      this.failedSends++;
      this.options.logger.error({ message: send.message.type, error }, 'sync.message_not_sent');
    }
  }

  /** What that peer said could not be dealt with. */
  cut(origin: Origin): void {
    const link = this.links.get(origin);
    if (link) this.links.giveUp(link);
  }

  /** It was let in, and would not be now. */
  reconsider(origin: Origin): void {
    const connection = this.links.get(origin)?.connection;
    const refusal = connection && this.options.members.admit(connection.peer);
    if (refusal) connection.close(refusal);
  }

  /** After each tick. */
  upkeep(lagMs: number): void {
    const { clock, members } = this.options;
    endSilence(this.links, clock.now(), lagMs, (origin) => members.of(origin)?.state !== 'alive');
    this.reconcile();
    if (this.links.size === 0) this.seeds.restart();
  }

  /** Connections, and members that are being looked for. */
  report(): PeerReport[] {
    const { members } = this.options;
    const connected = Array.from(this.links.all(), (link) =>
      reportConnected(link, members.of(link.connection.peer.origin)?.rttMs),
    );
    const looked = Array.from(this.dialer.pending(), ({ member, isDialled }) => reportWaiting(member, isDialled));
    return [...connected, ...looked];
  }

  counters(): Readonly<Record<string, number>> {
    return { ...this.traffic.counts(this.links.all()), connectionsMade: this.made, failedSends: this.failedSends };
  }

  /** Nobody is dialled or let in any more, and what is to be said last is sent before connections end. */
  async close(last: (peer: MemberInfo) => Message | undefined, graceMs: number): Promise<void> {
    this.isClosing = true;
    this.dialer.close();
    this.seeds.close();
    for (const peer of this.peers()) {
      const message = last(peer);
      if (message) this.links.send(peer.origin, message, 'control');
    }
    this.links.closeAll(STOPPING);
    await this.drained(graceMs);
    for (const link of this.links.all()) link.connection.destroy();
  }

  /** Resolves when nothing waits for any peer, or after `graceMs`. */
  async drained(graceMs: number): Promise<void> {
    const { clock } = this.options;
    const dueMs = clock.now() + graceMs;
    while (clock.now() < dueMs && this.isSending) {
      await new Promise<void>((resolve) => void clock.after(DRAIN_LOOK_MS, resolve));
    }
  }

  /** The peer that says that it is reached there. */
  private metAt({ host, port }: NetworkAddress): MemberInfo | undefined {
    return this.peers().find((peer) => peer.host === host && peer.port === port);
  }

  private get isSending(): boolean {
    return Array.from(this.links.all()).some(({ connection }) => connection.report().queuedBytes > 0);
  }

  private reconcile(): void {
    if (this.isPassive && this.links.size === 0) return;
    this.isPassive = false;
    const { members, clock } = this.options;
    const wanted = members.wanted();
    this.dialer.reconcile(wanted);
    const origins = new Set(wanted.map(({ origin }) => origin));
    for (const { connection, sinceMs } of this.links.all()) {
      const isNeeded = connection.role === 'acceptor' || origins.has(connection.peer.origin);
      if (!isNeeded && clock.now() - sinceMs > UNWANTED_MS) connection.close(UNWANTED);
    }
  }

  private async introduce(connection: Connection, role: 'dialer' | 'acceptor'): Promise<Origin> {
    const { members, keys, settings, clock } = this.options;
    this.introducing++;
    try {
      const peer = await this.options.introduce({
        connection,
        role,
        self: members.self,
        admit: (hello) => this.admit(hello, role),
        ...(keys ? { keys } : {}),
        settings,
        clock,
      });
      if (this.isClosing) peer.close(STOPPING);
      else this.links.adopt(peer);
      return peer.peer.origin;
    } catch (error) {
      // Our own name may be another agent's: then we must not be a home.
      const refusal = refusalByThem(error);
      if (refusal?.code === 'name') this.options.take({ type: 'refused', reason: refusal.reason });
      throw error;
    } finally {
      this.introducing--;
    }
  }

  private admit({ member }: PeerHello, role: 'dialer' | 'acceptor'): Refusal | undefined {
    if (this.isClosing) return STOPPING;
    return this.options.members.admit(member) ?? this.links.duplicate(member, role);
  }

  private connected(peer: MemberInfo): void {
    this.made++;
    this.dialer.met(peer.origin);
    this.options.take({ type: 'connected', peer });
    this.options.connected(peer);
    // Whom it introduces is wanted at once.
    this.reconcile();
  }

  /** Ended by the other side, or by its machine, without a word: perhaps nobody is there any more. */
  private ended({ peer }: PeerConnection, { evidence, by, refusal }: PeerEnd): void {
    const isHard = by !== 'us' && refusal === undefined && (evidence === 'reset' || evidence === 'closed');
    this.options.take({ type: 'disconnected', origin: peer.origin, evidence: isHard ? 'hard' : 'soft' });
    this.options.disconnected(peer.origin);
    if (this.isClosing) return;
    const wanted = this.options.members.wanted().find(({ origin }) => origin === peer.origin);
    if (wanted) this.dialer.lost(wanted);
  }
}

const UNWANTED: Refusal = { code: 'unwanted', reason: 'the connection is not needed' };
const DRAIN_LOOK_MS = 10;
