/**
 * Agents that are nothing but members, in virtual time: the production code of `sync/members` under a small network with
 * latency, loss, cuts, stalls, crashes and restarts. What a loop does with connections is done here in a few lines.
 */
import { defaults, type Change, type SyncDocument } from '../model/index.js';
import type { Random } from '../runtime/index.js';
import { createMembers } from '../sync/members/members.js';
import { OwnInfo } from '../sync/step/own-info.js';
import type { MembersPart, MemberView, StepContext } from '../sync/step/parts.js';
import type { MemberInfo, Message, Origin } from '../sync/messages.js';
import type { Effects, Notice } from '../sync/step/types.js';
import { defaultSyncSettings, type SyncSettings } from '../sync/settings.js';
import { seededRandom } from './seeded-random.js';

export interface MeshOptions {
  readonly seed?: number;
  readonly settings?: Partial<SyncSettings>;
  readonly latencyMs?: number;
  /** Share of messages that are lost without a word. */
  readonly loss?: number;
  /** Ticks after a stall come without a lag and before what waited, as with timers that know nothing of stalls. */
  readonly naive?: boolean;
  /** Told of every notice, which is then not kept. */
  readonly onNotice?: (agent: MeshAgent, notice: Notice) => void;
}

export interface StartOptions {
  readonly documents?: ReadonlyMap<string, SyncDocument>;
  /** Whom it dials besides those it knows. All others when not given. */
  readonly seeds?: readonly string[];
  /** What this mesh calls it, default its node name. */
  readonly name?: string;
}

export const memberInfo = (node: string, given: Partial<MemberInfo> = {}): MemberInfo => ({
  origin: `id-${node}`,
  inc: 1_000,
  node,
  datacenter: 'dc1',
  host: `10.0.0.${node}`,
  port: 8301,
  protocol: { min: 1, max: 1 },
  build: '0',
  primary: '',
  space: `space-${node}`,
  succeeds: [],
  left: false,
  ...given,
});

const TICK_MS = defaults.syncTickMs;
const WALL_MS = Date.UTC(2024, 0, 1);
/** Longest time ahead that something is planned for. */
const WHEEL_MS = 8_192;

export class MemberMesh {
  nowMs = 0;
  readonly agents = new Map<string, MeshAgent>();
  readonly random: Random;
  private readonly wheel: (() => void)[][] = Array.from({ length: WHEEL_MS }, () => []);
  private readonly cuts = new Set<string>();

  constructor(readonly options: MeshOptions = {}) {
    this.random = seededRandom(options.seed ?? 1);
  }

  /** The first agents of one datacenter, by name, that know each other once they ran for a moment. */
  static of(names: readonly string[], options: MeshOptions = {}): MemberMesh {
    const mesh = new MemberMesh(options);
    for (const name of names) mesh.start(memberInfo(name));
    return mesh;
  }

  start(info: MemberInfo, options: StartOptions = {}): MeshAgent {
    const agent = new MeshAgent(this, info, options);
    this.agents.set(agent.name, agent);
    this.after(Math.floor(this.random.next() * TICK_MS), () => agent.tick());
    return agent;
  }

  get(name: string): MeshAgent {
    const agent = this.agents.get(name);
    if (!agent) throw new Error(`no agent ${name}`);
    return agent;
  }

  after(ms: number, happen: () => void): void {
    if (ms >= WHEEL_MS) return this.after(WHEEL_MS - 1, () => this.after(ms - WHEEL_MS + 1, happen));
    this.wheel[(this.nowMs + ms) % WHEEL_MS]?.push(happen);
  }

  run(ms: number, isEnough: () => boolean = () => false): void {
    for (const until = this.nowMs + ms; this.nowMs < until && !isEnough(); this.nowMs++) this.turn();
  }

  /** Milliseconds until it is so; at most `withinMs`. */
  until(isSo: () => boolean, withinMs: number): number {
    const from = this.nowMs;
    this.run(withinMs, isSo);
    return this.nowMs - from;
  }

  /** Nothing gets from one to the other any more, without a word. */
  cut(from: string, to: string): void {
    this.cuts.add(`${from}>${to}`);
  }

  partition(...sides: readonly (readonly string[])[]): void {
    for (const side of sides) {
      for (const a of side) for (const other of sides) if (other !== side) for (const b of other) this.cut(a, b);
    }
  }

  heal(): void {
    this.cuts.clear();
  }

  get hasCuts(): boolean {
    return this.cuts.size > 0;
  }

  isCut(from: string, to: string): boolean {
    return this.cuts.size > 0 && this.cuts.has(`${from}>${to}`);
  }

  private turn(): void {
    const due = this.wheel[this.nowMs % WHEEL_MS] as (() => void)[];
    for (let at = 0; at < due.length; at++) (due[at] as () => void)();
    due.length = 0;
  }
}

export class MeshAgent {
  readonly own: OwnInfo;
  members: MembersPart;
  readonly notices: (Notice & { readonly atMs: number })[] = [];
  readonly synced: Change[] = [];
  readonly changes: string[] = [];
  readonly connections = new Map<Origin, MeshAgent>();
  readonly refusals: string[] = [];
  isRunning = true;
  stalledUntil = 0;
  sent = 0;
  private inbox: (() => void)[] = [];
  private nextSummaryMs = 0;
  private lastTickMs: number;
  readonly documents: Map<string, SyncDocument>;
  readonly name: string;
  private readonly silentSince = new Map<MeshAgent, number>();
  private readonly dialed = new Map<Origin, { tries: number; nextMs: number }>();

  constructor(
    private readonly mesh: MemberMesh,
    info: MemberInfo,
    private readonly options: StartOptions,
  ) {
    this.own = new OwnInfo(info);
    this.documents = new Map(options.documents);
    this.name = options.name ?? info.node;
    this.lastTickMs = mesh.nowMs;
    this.members = createMembers({
      own: this.own,
      settings: { ...defaultSyncSettings, ...mesh.options.settings },
      held: () => [{ target: { type: 'local' }, index: 0, rows: [], documents: this.documents.values() }],
      changed: ({ info, state }) => {
        if (!mesh.options.onNotice) this.changes.push(`${info.node} ${state}`);
      },
    });
  }

  view(name: string): MemberView | undefined {
    const origin = this.mesh.agents.get(name)?.own.info.origin ?? `id-${name}`;
    return this.members.of(origin);
  }

  state(name: string): string | undefined {
    return this.view(name)?.state;
  }

  act(happen: (members: MembersPart, context: StepContext) => void): void {
    const out: Effects = { merges: [], sends: [], notices: [] };
    happen(this.members, { now: this.mesh.nowMs, wall: WALL_MS + this.mesh.nowMs, random: this.mesh.random, out });
    this.keep(out);
    if (out.sends.length > 0) for (const { to, message } of out.sends) this.send(to, message);
  }

  /** Frozen as by SIGSTOP: what is sent to it waits. */
  stall(ms: number): void {
    this.stalledUntil = Math.max(this.stalledUntil, this.mesh.nowMs + ms);
  }

  /** Gone at once, and nobody listens: as by SIGKILL. */
  crash(): void {
    this.isRunning = false;
    for (const peer of this.connections.values()) peer.lose(this, 'hard');
    this.connections.clear();
  }

  /** The machine is gone: nobody says anything. */
  vanish(): void {
    this.isRunning = false;
    for (const other of this.mesh.agents.values()) {
      this.mesh.cut(other.name, this.name);
      this.mesh.cut(this.name, other.name);
    }
  }

  stop(): void {
    for (const origin of this.connections.keys()) this.send(origin, { type: 'goodbye', inc: this.own.info.inc });
    this.mesh.after(1, () => this.crash());
  }

  /** The same data under a later incarnation, and what else is given. */
  restart(given: Partial<MemberInfo> = {}): MeshAgent {
    const inc = Math.max(this.own.info.inc + 1, 1_000 + this.mesh.nowMs);
    return this.mesh.start({ ...this.own.info, inc, ...given }, { ...this.options, documents: this.documents });
  }

  private readonly onTick = (): void => this.tick();

  tick(): void {
    if (!this.isRunning) return;
    const late = this.stalledUntil - this.mesh.nowMs;
    if (late > 0) return this.mesh.after(late, this.onTick);
    const isNaive = this.mesh.options.naive === true;
    if (!isNaive) this.readInbox();
    const lagMs = isNaive ? 0 : Math.max(0, this.mesh.nowMs - this.lastTickMs - TICK_MS);
    this.lastTickMs = this.mesh.nowMs;
    this.act((members, context) => members.tick(lagMs, context));
    if (isNaive) this.readInbox();
    this.giveUpSilent();
    this.dial();
    this.compare();
    this.mesh.after(TICK_MS, this.onTick);
  }

  deliver(happen: () => void): void {
    if (this.isWaiting) this.inbox.push(happen);
    else if (this.isRunning) happen();
  }

  connect(peer: MeshAgent): void {
    if (this.connections.get(peer.own.info.origin) === peer) return;
    this.connections.set(peer.own.info.origin, peer);
    this.dialed.delete(peer.own.info.origin);
    const info = peer.own.info;
    this.act((members, context) => members.connected(info, context));
  }

  lose(peer: MeshAgent, evidence: 'hard' | 'soft'): void {
    const { origin } = peer.own.info;
    if (this.connections.get(origin) !== peer) return;
    this.connections.delete(origin);
    this.deliver(() => this.act((members, context) => members.disconnected(origin, evidence, context)));
  }

  private arrive(sender: MeshAgent, from: Origin, message: Message): void {
    if (this.isWaiting) this.inbox.push(() => this.receive(sender, from, message));
    else this.receive(sender, from, message);
  }

  private receive(sender: MeshAgent, from: Origin, message: Message): void {
    if (!this.isRunning || this.connections.get(from) !== sender) return;
    this.act((members, context) => members.message(from, message, context));
  }

  private get isWaiting(): boolean {
    return this.stalledUntil > this.mesh.nowMs || this.inbox.length > 0;
  }

  private readInbox(): void {
    const waiting = this.inbox;
    this.inbox = [];
    if (this.isRunning) for (const happen of waiting) happen();
  }

  private send(to: Origin, message: Message): void {
    const peer = this.connections.get(to);
    this.sent++;
    const { loss = 0, latencyMs = 1 } = this.mesh.options;
    if (!peer || this.mesh.isCut(this.name, peer.name) || (loss > 0 && this.mesh.random.next() < loss)) return;
    const from = this.own.info.origin;
    this.mesh.after(latencyMs, () => peer.arrive(this, from, message));
  }

  private keep({ merges, notices }: Effects): void {
    for (const { changes, durability } of merges) {
      if (durability === 'synced') this.synced.push(...changes);
      for (const change of changes) this.keepChange(change);
    }
    for (const notice of notices) {
      if (this.mesh.options.onNotice) this.mesh.options.onNotice(this, notice);
      else this.notices.push({ ...notice, atMs: this.mesh.nowMs });
      if (notice.type === 'refused') this.checkAgain(notice.origin);
    }
  }

  private keepChange(change: Change): void {
    if (change.op === 'delete') this.documents.delete(change.ref.id);
    else if (change.row.kind === 'sync') this.documents.set(change.row.id, change.row);
  }

  private checkAgain(origin: Origin): void {
    const peer = this.connections.get(origin);
    if (peer && this.members.admit(peer.own.info)) this.part(peer);
  }

  private part(peer: MeshAgent): void {
    peer.lose(this, 'soft');
    this.lose(peer, 'soft');
  }

  /** As digests do, about once a second with one peer. */
  private compare(): void {
    if (this.mesh.nowMs < this.nextSummaryMs) return;
    this.nextSummaryMs = this.mesh.nowMs + defaults.sync.digestMs;
    const peers = this.members.peers();
    const peer = peers[Math.floor(this.mesh.random.next() * peers.length)];
    if (peer) this.send(peer.origin, { type: 'summary', hash: [0, 0], members: this.members.summaryHash() });
  }

  /** What carries nothing is made anew once it can be. */
  private giveUpSilent(): void {
    if (!this.mesh.hasCuts && this.silentSince.size === 0) return;
    for (const peer of this.connections.values()) {
      if (!this.mesh.isCut(peer.name, this.name)) this.silentSince.delete(peer);
      else if (!this.silentSince.has(peer)) this.silentSince.set(peer, this.mesh.nowMs);
      else if (this.mesh.nowMs - (this.silentSince.get(peer) ?? 0) >= defaults.doubtedSilentMs) this.part(peer);
    }
  }

  /** Connects to whom it has to, at once after a loss, then after 100 ms, then ever more rarely. */
  private dial(): void {
    const { length } = this.members.wanted();
    if (this.connections.size === this.mesh.agents.size - 1 && length === this.connections.size) return;
    for (const peer of this.targets()) {
      const { origin } = peer.own.info;
      if (this.connections.get(origin) === peer || peer === this) continue;
      const plan = this.dialed.get(origin) ?? { tries: 0, nextMs: 0 };
      if (this.mesh.nowMs < plan.nextMs) continue;
      plan.tries++;
      plan.nextMs = this.mesh.nowMs + Math.min(5_000, 50 * 2 ** plan.tries);
      this.dialed.set(origin, plan);
      this.tryConnect(peer);
    }
  }

  private targets(): Iterable<MeshAgent> {
    const byOrigin = new Map([...this.mesh.agents.values()].map((agent) => [agent.own.info.origin, agent]));
    const seeds = this.options.seeds ?? [...this.mesh.agents.keys()];
    const isSeedTime = this.connections.size === 0 || this.options.seeds !== undefined;
    const wanted = this.members.wanted().flatMap(({ origin }) => byOrigin.get(origin) ?? []);
    return new Set([...wanted, ...(isSeedTime ? seeds.flatMap((name) => this.mesh.agents.get(name) ?? []) : [])]);
  }

  private tryConnect(peer: MeshAgent): void {
    const { origin } = peer.own.info;
    const isCut = this.mesh.isCut(this.name, peer.name) || this.mesh.isCut(peer.name, this.name);
    if (isCut) return this.act((members, context) => members.dialFailed(origin, 'soft', context));
    if (!peer.isRunning) return this.act((members, context) => members.dialFailed(origin, 'hard', context));
    if (peer.stalledUntil > this.mesh.nowMs) return;
    const refusal = peer.members.admit(this.own.info);
    if (refusal?.code === 'name') this.act((members, context) => members.refused(refusal.reason, context));
    const reason = refusal ?? this.members.admit(peer.own.info);
    if (reason) return void this.refusals.push(reason.reason);
    peer.connect(this);
    this.connect(peer);
  }
}
