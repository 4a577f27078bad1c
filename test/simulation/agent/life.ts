/**
 * One life of an agent, from start to crash: the registry's rules, the product's step, and a loop between them that does
 * at once what the product's does with promises. Everything here happens in one turn of the world.
 */
import type { AppliedChange, Decision, LockDelay, SessionEnd } from '../../../src/catalog/index.js';
import type { CatalogView, RowRef, StateReader } from '../../../src/model/index.js';
import { defaults, refKey } from '../../../src/model/index.js';
import { Owners } from '../../../src/registry/owners.js';
import type { OwnNode } from '../../../src/registry/own-node.js';
import { endedBy } from '../../../src/registry/merge-rules.js';
import { stamped } from '../../../src/registry/stamp.js';
import { HybridClock, ownDocument, protocolVersions, storedIncarnation, streamId } from '../../../src/sync/index.js';
import type {
  Held,
  LocalChange,
  MemberInfo,
  Merge,
  MergeTarget,
  Message,
  Notice,
  Origin,
  Priority,
  StreamKind,
} from '../../../src/sync/index.js';
import { createMembers } from '../../../src/sync/members/members.js';
import { createSyncState, step } from '../../../src/sync/step/step.js';
import type { SyncState } from '../../../src/sync/step/step.js';
import type { StepTime, SyncInput } from '../../../src/sync/step/types.js';
import { isOfSpace } from '../../../src/sync/streams/replacement.js';
import { createStreams } from '../../../src/sync/streams/streams.js';
import type { Command } from '../plan/scenario.js';
import type { Chance } from '../world/chance.js';
import type { ConnectionEnd } from '../world/connection.js';
import type { Timer } from '../world/event-queue.js';
import { Calls } from './calls.js';
import { OpenShelf, shelfName } from './copies.js';
import { decideReconcile, decideSayAgain } from './decide.js';
import type { DecideContext } from './decide.js';
import type { Environment } from './environment.js';
import { Outcomes } from './local-outcomes.js';
import { localSets } from './local-sets.js';
import type { Machine } from './machine.js';
import { Mesh } from './mesh.js';
import { rowAt } from './row-at.js';
import type { Watcher } from './watcher.js';

/** Wall-clock time at which every world begins. */
const WALL_START_MS = Date.UTC(2024, 0, 1);
const RECONCILE_MS = 60_000;
const NOTHING_ENDED: SessionEnd = { changes: [], lockDelays: [] };

interface LocalWaiting {
  readonly kind: StreamKind;
  readonly space: string;
  index: number;
  readonly changes: LocalChange[];
}

export class Life {
  readonly self: OwnNode;
  readonly local: OpenShelf;
  /** Of the home's state and of other datacenters, by name of their shelves. */
  readonly copies = new Map<string, OpenShelf>();
  readonly state: SyncState;
  readonly mesh: Mesh;
  readonly calls: Calls;
  readonly startedMs: number;
  isStalled = false;
  /** What it last stood still until; for judging whether it could have been well. */
  lastStallMs = -Infinity;
  isOver = false;
  private readonly chance: Chance;
  private readonly clock = new HybridClock();
  private readonly owners: Owners;
  private readonly lockDelays = new Map<string, number>();
  private readonly decideContext: DecideContext;
  private readonly inputs: SyncInput[] = [];
  private hasBegun = false;
  private isStepping = false;
  private waiting: LocalWaiting[] = [];
  private flushing: Timer | undefined;
  private readonly timers: Timer[] = [];
  private afterStall: (() => void)[] = [];

  constructor(
    readonly machine: Machine,
    readonly environment: Environment,
  ) {
    const { plan, origin } = machine;
    this.startedMs = environment.queue.nowMs;
    this.chance = environment.chance.branch(`${origin} ${this.startedMs}`);
    const owner = { datacenter: plan.datacenter, origin };
    this.self = { name: plan.node, id: origin, datacenter: plan.datacenter, address: machine.host, meta: {}, owner };
    for (const [name, shelf] of machine.shelves) {
      const open = new OpenShelf(shelf, plan.datacenter);
      if (name !== 'local') this.copies.set(name, open);
    }
    this.local = new OpenShelf(machine.local, plan.datacenter);
    for (const row of this.local.catalog.rows().rows)
      if (row.kind === 'node' || row.kind === 'service') this.clock.observe(row.hlc ?? 0, this.wallMs);
    this.owners = new Owners(origin, this.local.catalog);
    this.decideContext = {
      self: this.self,
      owners: this.owners,
      outcomes: new Outcomes(this.local.catalog, plan.node),
      sessions: environment.sessions,
      nodeOf: environment.nodeOf,
      newId: () => this.chance.uuid(),
      lockDelayed: (key) => (this.lockDelays.get(key) ?? -Infinity) > environment.queue.nowMs,
    };
    this.commit(decideReconcile(this.catalog, this.decideContext, true));
    this.state = this.begin();
    this.owners.judge((origin) => this.state.members.isLive(origin));
    // The step begins with what is there already.
    this.waiting = [];
    this.hasBegun = true;
    this.mesh = new Mesh(this.meshOwner(), environment);
    this.calls = new Calls(this, environment);
    this.tickAt(environment.queue.nowMs + this.tickMs);
    this.reconcileLater();
    this.tell((watcher) => watcher.started?.(this));
  }

  get origin(): Origin {
    return this.machine.origin;
  }

  get slot(): number {
    return this.machine.slot;
  }

  get catalog(): CatalogView {
    return this.local.catalog;
  }

  get info(): MemberInfo {
    return this.state.own.info;
  }

  get wallMs(): number {
    return WALL_START_MS + this.environment.queue.nowMs + this.machine.skewMs;
  }

  /** Whether its catalog has a row of that key. */
  shows(key: string): boolean {
    return rowAt(this.catalog, key) !== undefined;
  }

  /** Where keys and sessions are decided, and the catalog to read them from. */
  get stateCopy(): CatalogView | undefined {
    return this.isHome ? this.catalog : this.homeCopy?.catalog;
  }

  /** The copy of the home's state, once there is one. */
  get homeCopy(): OpenShelf | undefined {
    const { origin } = this.state.members.home();
    const info = origin === undefined ? undefined : this.state.members.of(origin)?.info;
    return [...this.copies.values()].find(({ shelf: { target } }) => {
      return target.type === 'state' && target.home === origin && info !== undefined && isOfSpace(target, info.space);
    });
  }

  copyOfDatacenter(datacenter: string): OpenShelf | undefined {
    return this.copies.get(shelfName({ type: 'datacenter', datacenter }));
  }

  get isHome(): boolean {
    return this.state.members.home().origin === this.origin;
  }

  // ---- commands

  perform(command: Command): void {
    if (this.isOver) return;
    if (this.isStalled) return void this.afterStall.push(() => this.perform(command));
    this.calls.perform(command);
  }

  /** Decides, commits and tells the step; throws what the decision throws. */
  decide<T>(decision: (state: StateReader, context: DecideContext) => Decision<T>): T {
    return this.commit(decision(this.catalog, this.decideContext)).result;
  }

  leave(): void {
    this.take({ type: 'leave' });
    this.environment.queue.after(300, () => this.end('leave'));
  }

  // ---- faults

  stall(forMs: number): void {
    if (this.isStalled || this.isOver) return;
    this.isStalled = true;
    this.mesh.freeze();
    this.environment.queue.after(forMs, () => this.resume());
  }

  resume(): void {
    if (!this.isStalled || this.isOver) return;
    this.isStalled = false;
    this.lastStallMs = this.environment.queue.nowMs;
    this.mesh.thaw();
    const due = this.afterStall;
    this.afterStall = [];
    for (const happen of due) if (!this.isOver) happen();
  }

  end(how: 'crash' | 'power' | 'stop' | 'leave'): void {
    if (this.isOver) return;
    if (how === 'stop') this.sayGoodbye();
    this.isOver = true;
    for (const timer of this.timers) timer.cancel();
    this.flushing?.cancel();
    this.calls.close();
    this.mesh.close(how === 'crash' || how === 'power' ? how : 'order');
    this.tell((watcher) => watcher.ended?.(this, how === 'power' ? 'crash' : how));
  }

  private sayGoodbye(): void {
    this.flush();
    for (const peer of [...this.state.members.peers(), ...this.state.members.remotePeers()])
      this.mesh.send(peer.origin, { type: 'goodbye', inc: this.info.inc }, 'control');
  }

  // ---- the step

  take(input: SyncInput): void {
    this.inputs.push(input);
    if (this.isStepping) return;
    this.isStepping = true;
    for (let next = this.inputs.shift(); next && !this.isOver; next = this.inputs.shift()) this.takeOne(next);
    this.isStepping = false;
    this.calls.lookAround();
  }

  private takeOne(input: SyncInput): void {
    this.tell((watcher) => watcher.beforeStep?.(this, input));
    const effects = step(this.state, input, this.time());
    for (const merge of effects.merges) this.merge(merge);
    this.tell((watcher) => watcher.stepped?.(this, input, effects));
    for (const { to, message, priority } of effects.sends) this.mesh.send(to, message, priority);
    for (const notice of effects.notices) this.notice(notice);
  }

  get monotonicMs(): number {
    return this.machine.monotonicBaseMs + this.environment.queue.nowMs;
  }

  private time(): StepTime {
    return { now: this.monotonicMs, wall: this.wallMs, random: this.chance };
  }

  private begin(): SyncState {
    const { local } = this.machine;
    const { plan, origin, host } = this.machine;
    const inc = Math.max(storedIncarnation(this.local.catalog.documents()) + 1, Math.floor(this.wallMs));
    this.local.commit([ownDocument(inc)], { durability: 'synced' });
    return createSyncState(
      {
        self: {
          origin,
          inc,
          node: plan.node,
          datacenter: plan.datacenter,
          host,
          port: 8301,
          protocol: protocolVersions,
          build: '0.0.0',
          primary: plan.primary,
          space: local.space,
          succeeds: [],
          left: false,
        },
        settings: this.environment.settings,
        held: () => this.held(),
        clock: this.clock,
      },
      { members: createMembers, streams: createStreams },
    );
  }

  private held(): readonly Held[] {
    return [this.local, ...this.copies.values()].map((shelf) => shelf.held());
  }

  private merge(merge: Merge): void {
    const shelf = this.shelfOf(merge.target);
    const ended = merge.target.type === 'local' ? endedBy(this.catalog, merge.changes) : NOTHING_ENDED;
    const hasEnded = ended.changes.length > 0;
    const isVolatile = merge.durability === 'volatile';
    const changes = isVolatile ? merge.changes : [...merge.changes, ...ended.changes];
    const durability = !isVolatile && hasEnded ? 'synced' : merge.durability;
    const applied = shelf.commit(changes, { durability, at: merge.at });
    if (durability === 'lazy') this.syncLater();
    this.delayLocks(ended.lockDelays);
    this.tell((watcher) => watcher.merged?.(this, merge, applied));
    if (merge.target.type === 'local') this.tellState(applied);
    // A view of liveness is never written, so what ends with it does so in a commit of its own.
    if (isVolatile && hasEnded) this.commit({ changes: ended.changes, result: undefined, lockDelays: [] });
  }

  private tellState(applied: readonly AppliedChange[]): void {
    const state = localSets(applied).find(({ kind }) => kind === 'state');
    if (state) this.wait('state', applied[0]?.index ?? 0, state.changes);
  }

  /** Where the rows of a target are; made when there was none. */
  shelfOf(target: MergeTarget): OpenShelf {
    if (target.type === 'local') return this.local;
    const name = shelfName(target);
    const open = this.copies.get(name);
    if (open) return open;
    // There is one home: what was copied of another, or under another order, goes.
    if (target.type === 'state') this.dropStateCopies();
    const fresh = new OpenShelf(this.machine.addShelf(target), this.self.datacenter);
    this.copies.set(name, fresh);
    return fresh;
  }

  private dropStateCopies(): void {
    for (const [name, { shelf }] of this.copies) {
      if (shelf.target.type !== 'state') continue;
      this.copies.delete(name);
      this.machine.shelves.delete(name);
    }
  }

  private syncing: Timer | undefined;

  private syncLater(): void {
    this.syncing ??= this.later(defaults.storeLazyDelayMs, () => {
      this.syncing = undefined;
      this.machine.sync();
    });
  }

  private notice(notice: Notice): void {
    this.tell((watcher) => watcher.noticed?.(this, notice));
    if (notice.type === 'refused') {
      const peer = this.state.members.of(notice.origin)?.info;
      const refusal = peer && this.state.members.admit(peer);
      this.mesh.refuse(notice.origin, refusal ?? { code: 'name', reason: notice.reason });
    }
    if (notice.type === 'reclaim') this.commit(decideSayAgain(this.catalog, this.decideContext, notice.ref));
    if (notice.type === 'lost' && notice.yield) this.yieldRow(notice.ref);
  }

  /** Ours no longer; the catalog may show another's in its place. */
  private yieldRow(ref: RowRef): void {
    const row = rowAt(this.catalog, refKey(ref));
    if (row?.origin === this.origin)
      this.commit({ changes: [{ op: 'delete', ref }], result: undefined, lockDelays: [] });
    else {
      this.tell((watcher) => watcher.withdrawn?.(this, ref));
      this.wait('catalog', this.catalog.index, [{ ref }]);
    }
  }

  // ---- commits of our own

  private commit<T>(decided: Decision<T>): Decision<T> {
    const changed = stamped(decided, this.origin, () => this.clock.tick(this.wallMs));
    if (changed.changes.length === 0) return changed;
    const applied = this.local.commit(changed.changes, { durability: 'synced' });
    for (const { key, delayMs } of changed.lockDelays) this.lockDelays.set(key, this.environment.queue.nowMs + delayMs);
    this.tell((watcher) => watcher.committed?.(this, applied));
    for (const set of localSets(applied)) this.wait(set.kind, applied[0]?.index ?? 0, set.changes);
    return changed;
  }

  private delayLocks(delays: readonly LockDelay[]): void {
    for (const { key, delayMs } of delays) this.lockDelays.set(key, this.environment.queue.nowMs + delayMs);
  }

  /** The first of a series goes at once, what follows within `flushMs` goes together. */
  private wait(kind: StreamKind, index: number, changes: readonly LocalChange[]): void {
    const space = this.local.shelf.space;
    const last = this.waiting.at(-1);
    if (kind === 'catalog' && last?.kind === kind) {
      last.index = index;
      last.changes.push(...changes);
    } else this.waiting.push({ kind, space, index, changes: [...changes] });
    if (this.hasBegun && !this.flushing) this.flush();
  }

  flush(): void {
    const sets = this.waiting;
    this.waiting = [];
    if (sets.length > 0) {
      this.flushing ??= this.later(this.environment.settings.flushMs, () => {
        this.flushing = undefined;
        this.flush();
      });
    }
    for (const set of sets) this.take({ type: 'local', ...set });
  }

  // ---- time

  private get tickMs(): number {
    return defaults.syncTickMs * this.environment.tempo;
  }

  private tickAt(dueMs: number): void {
    this.later(dueMs - this.environment.queue.nowMs, () => {
      const lagMs = this.environment.queue.nowMs - dueMs;
      this.take({ type: 'tick', lagMs });
      this.mesh.upkeep(lagMs);
      this.tickAt(this.environment.queue.nowMs + this.tickMs);
    });
  }

  private reconcileLater(): void {
    this.later(RECONCILE_MS * this.environment.tempo, () => {
      this.reconcile();
      this.reconcileLater();
    });
  }

  /** What the registry does each minute: undoes what others did to rows of our own node. */
  reconcile(): void {
    this.commit(decideReconcile(this.catalog, this.decideContext, true));
  }

  /** Not while the process stands still: then as soon as it runs on. */
  private later(delayMs: number, happen: () => void): Timer {
    const timer = this.environment.queue.after(delayMs, () => {
      this.timers.splice(this.timers.indexOf(timer), 1);
      if (this.isStalled) this.afterStall.push(happen);
      else happen();
    });
    this.timers.push(timer);
    return timer;
  }

  // ---- seams

  private meshOwner(): ConstructorParameters<typeof Mesh>[0] {
    const { state, machine } = this;
    return {
      slot: machine.slot,
      address: machine.address,
      self: () => state.own.info,
      wanted: () => state.members.wanted(),
      members: () => state.members.all(),
      refusal: (peer) => state.members.admit(peer),
      refused: (reason) => this.take({ type: 'refused', reason }),
      connected: (peer) => this.take({ type: 'connected', peer }),
      disconnected: (origin, evidence) => this.take({ type: 'disconnected', origin, evidence }),
      dialFailed: (origin, evidence) => this.take({ type: 'dial-failed', origin, evidence }),
      message: (from, message) => this.arrived(from, message),
      sent: (to, message, priority, bytes) => this.wrote(to, message, priority, bytes),
    };
  }

  private arrived(from: Origin, message: Message): void {
    this.take({ type: 'message', from, message });
    this.calls.message(from, message);
  }

  private wrote(to: Origin, message: Message, priority: Priority, bytes: Uint8Array): void {
    this.tell((watcher) => watcher.sent?.(this, { to, message, priority }, bytes));
  }

  accept(end: ConnectionEnd): void {
    this.mesh.accept(end);
  }

  tell(tell: (watcher: Watcher) => void): void {
    for (const watcher of this.environment.watchers) tell(watcher);
  }

  /** Where what was just committed here can be seen by others. */
  seen(kind: StreamKind): { readonly stream: string; readonly inc: number; readonly ver: number } {
    const stream = streamId(this.origin, kind);
    return { stream, ...this.state.streams.position(stream) };
  }
}
