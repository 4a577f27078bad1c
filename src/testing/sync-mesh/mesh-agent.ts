import type { CatalogRow, CheckRow, KvRow, NodeRow, Row, RowRef, ServiceRow } from '../../model/index.js';
import { refKey, refOf } from '../../model/index.js';
import type { Random } from '../../runtime/index.js';
import type { LocalChange, MemberInfo, MergeTarget, Notice } from '../../sync/index.js';
import {
  defaultSyncSettings,
  HybridClock,
  ownDocument,
  storedIncarnation,
  takeoverDocuments,
} from '../../sync/index.js';
import type { SyncSettings } from '../../sync/index.js';
import type { SyncState } from '../../sync/step/step.js';
import { createSyncState, step } from '../../sync/step/step.js';
import type { Effects, Send, SyncInput } from '../../sync/step/types.js';
import { createStreams } from '../../sync/streams/streams.js';
import { checkRow, nodeRow, serviceRow } from '../catalog-world.js';
import { MeshMembers } from './mesh-members.js';
import { MeshShelf } from './mesh-store.js';

export interface MeshTime {
  now(): number;
  wall(): number;
  readonly random: Random;
}

export interface MeshAgentOptions {
  readonly origin: string;
  readonly datacenter?: string;
  readonly primary?: string;
  readonly skewMs?: number;
  readonly settings?: Partial<SyncSettings>;
}

/** One agent as the step sees it: a store, commands that commit at once, and what the step asks of a registry. */
export class MeshAgent {
  readonly origin: string;
  readonly node: string;
  readonly datacenter: string;
  readonly clock = new HybridClock();
  readonly notices: Notice[] = [];
  readonly shelves = new Map<string, MeshShelf>();
  /** What the agent defines: said again whenever another claims it. */
  readonly definitions = new Map<string, CatalogRow>();
  members!: MeshMembers;
  private state!: SyncState;
  private space: string;
  private settings: Partial<SyncSettings>;
  private readonly untold: SyncInput[] = [];
  private diskCopy: ReadonlyMap<string, MeshShelf> | undefined;
  isUp = false;
  isSlow = false;

  constructor(
    private readonly options: MeshAgentOptions,
    private readonly time: MeshTime,
    private readonly world: {
      send(send: Send, from: MeshAgent): void;
      home(of: MeshAgent): string | undefined;
    },
  ) {
    this.origin = options.origin;
    this.node = `node-${options.origin}`;
    this.datacenter = options.datacenter ?? 'dc1';
    this.space = `space-${options.origin}`;
    this.settings = options.settings ?? {};
    this.shelves.set('local', new MeshShelf({ type: 'local' }));
    this.start();
    this.put(this.row(nodeRow(this.node, { id: this.origin, address: this.origin })));
    this.put(this.row(checkRow(this.node, 'serfHealth', { name: 'Serf Health Status' })));
  }

  get local(): MeshShelf {
    return this.shelves.get('local') as MeshShelf;
  }

  get info(): MemberInfo {
    return this.state.own.info;
  }

  get streams(): SyncState['streams'] {
    return this.state.streams;
  }

  get wall(): number {
    return this.time.wall() + (this.options.skewMs ?? 0);
  }

  // ---- life

  /** From the next start on. */
  configure(settings: Partial<SyncSettings>): void {
    this.settings = { ...this.settings, ...settings };
  }

  start(): void {
    const inc = Math.max(storedIncarnation(this.local.held().documents) + 1, this.wall);
    this.local.commit({ changes: [ownDocument(inc)], durability: 'synced' });
    const before = this.members as MeshMembers | undefined;
    const settings = { ...defaultSyncSettings, ...this.settings };
    this.state = createSyncState(
      {
        self: this.firstInfo(inc),
        settings,
        held: () => Array.from(this.shelves.values(), (shelf) => shelf.held()),
        clock: this.clock,
      },
      {
        members: ({ own, changed }) =>
          (this.members = new MeshMembers(
            () => own.info,
            changed,
            () => this.world.home(this),
          )),
        streams: createStreams,
      },
    );
    if (before) this.members.remember(before);
    this.isUp = true;
  }

  end(how: 'stopped' | 'crashed'): void {
    this.isUp = false;
    this.untold.length = 0;
    for (const shelf of this.shelves.values()) shelf.restart(how);
  }

  copyDisk(): void {
    this.diskCopy = new Map(Array.from(this.shelves, ([name, shelf]) => [name, shelf.copy()]));
  }

  /** While it is down. */
  restoreDisk(): void {
    if (!this.diskCopy) return;
    this.shelves.clear();
    for (const [name, shelf] of this.diskCopy) this.shelves.set(name, shelf.copy());
    this.definitions.clear();
    for (const row of this.local.held().rows) {
      const isOurs = 'origin' in row && row.origin === this.origin;
      if (isOurs) this.definitions.set(refKey(refOf(row)), row);
    }
  }

  private firstInfo(inc: number): MemberInfo {
    const { origin, node, datacenter } = this;
    const primary = this.options.primary ?? '';
    return {
      origin,
      inc,
      node,
      datacenter,
      host: '127.0.0.1',
      port: 8301,
      protocol: { min: 1, max: 1 },
      build: '0',
      primary,
      space: this.space,
      succeeds: [],
      left: false,
    };
  }

  // ---- the step

  take(input: SyncInput): void {
    this.carryOut(step(this.state, input, this.stepTime()));
  }

  /** What the other half of the step comes to. */
  judge(origin: string, state: Parameters<MeshMembers['judge']>[1]): void {
    const out: Effects = { merges: [], sends: [], notices: [] };
    this.members.judge(origin, state, { ...this.stepTime(), out });
    this.carryOut(out);
  }

  /** Itself first. */
  known(): readonly MemberInfo[] {
    return [this.info, ...Array.from(this.members.all(), ({ info }) => info)];
  }

  hearOf(info: MemberInfo): void {
    const out: Effects = { merges: [], sends: [], notices: [] };
    this.members.hearOf(info, { ...this.stepTime(), out });
    this.carryOut(out);
  }

  private stepTime() {
    return { now: this.time.now(), wall: this.wall, random: this.time.random };
  }

  private carryOut({ merges, sends, notices }: Effects): void {
    for (const merge of merges) this.shelf(merge.target).commit(merge);
    for (const send of sends) this.world.send(send, this);
    this.notices.push(...notices);
    for (const notice of notices) {
      if (notice.type === 'lost' && notice.yield) this.withdraw(notice.ref);
      else if (notice.type === 'reclaim') this.sayAgain(notice.ref);
    }
  }

  /** A state copy of another index space begins anew. */
  shelf(target: MergeTarget): MeshShelf {
    const name = target.type === 'datacenter' ? target.datacenter : target.type;
    const known = this.shelves.get(name);
    const isOther = known?.target.type === 'state' && target.type === 'state' && known.target.space !== target.space;
    if (known && !isOther) return known;
    const shelf = new MeshShelf(target);
    this.shelves.set(name, shelf);
    return shelf;
  }

  // ---- commands

  register(id: string, fields: Partial<ServiceRow> = {}, node = this.node): void {
    this.put(
      this.row(serviceRow(node, id, fields)),
      this.row(checkRow(node, `service:${id}`, { serviceId: id, serviceName: fields.service ?? id })),
    );
  }

  registerNode(name: string, fields: Partial<NodeRow> = {}): void {
    this.put(this.row(nodeRow(name, fields)));
  }

  flip(id: string, status: string, node = this.node): void {
    const ref = { kind: 'check', node: node.toLowerCase(), id: `service:${id}` } as const;
    const row = this.local.row(refKey(ref));
    if (row?.kind === 'check' && row.origin === this.origin) this.put({ ...row, status });
  }

  deregister(id: string, node = this.node): void {
    this.remove({ kind: 'service', node, id }, { kind: 'check', node, id: `service:${id}` });
  }

  setKey(key: string, value: string): void {
    const index = this.local.index + 1;
    const row: KvRow = {
      kind: 'kv',
      key,
      value,
      flags: 0n,
      lockIndex: 0,
      session: '',
      createIndex: index,
      modifyIndex: index,
    };
    this.commit('state', [this.change(refOf(row), row)]);
  }

  deleteKey(key: string): void {
    this.commit('state', [this.change({ kind: 'kv', node: '', id: key }, undefined)]);
  }

  /** Its registry begins another index space, as after a restored snapshot. */
  beginSpace(space: string): void {
    this.space = space;
    this.setKey('restored', space);
  }

  put(...rows: readonly CatalogRow[]): void {
    for (const row of rows) this.definitions.set(refKey(refOf(row)), row);
    this.commit(
      'catalog',
      rows.map((row) => this.change(refOf(row), row)),
    );
  }

  remove(...refs: readonly RowRef[]): void {
    for (const ref of refs) this.definitions.delete(refKey(ref));
    const there = refs.filter((ref) => this.local.row(refKey(ref)));
    this.commit(
      'catalog',
      there.map((ref) => this.change(ref, undefined)),
    );
  }

  /** A row of ours as it would be registered now. */
  row<R extends NodeRow | ServiceRow | CheckRow>(row: R): R {
    const stamp = row.kind === 'check' ? {} : { hlc: this.clock.tick(this.wall) };
    return { ...row, origin: this.origin, datacenter: this.datacenter, ...stamp };
  }

  private sayAgain(ref: RowRef): void {
    const defined = this.definitions.get(refKey(ref));
    if (defined) this.put(this.row(defined));
    else this.withdraw(ref);
  }

  private withdraw(ref: RowRef): void {
    this.definitions.delete(refKey(ref));
    const row = this.local.row(refKey(ref));
    if (row && 'origin' in row && row.origin === this.origin) this.remove(ref);
    else this.tell('catalog', [{ ref }]);
  }

  private change(ref: RowRef, after: Row | undefined): LocalChange {
    const before = this.local.row(refKey(ref));
    return { ref, ...(before && { before }), ...(after && { after }) };
  }

  private commit(kind: 'catalog' | 'state', changes: readonly LocalChange[]): void {
    if (changes.length === 0) return;
    const stored = changes.map(({ ref, after }) =>
      after ? ({ op: 'put', row: after } as const) : ({ op: 'delete', ref } as const),
    );
    const documents = takeoverDocuments(stored, {
      self: this.origin,
      row: (ref) => this.local.row(refKey(ref)) as CatalogRow | undefined,
      hasDocument: (id) => this.local.hasDocument(id),
    });
    this.local.commit({ changes: [...stored, ...documents], durability: 'synced' });
    this.tell(kind, changes);
  }

  private tell(kind: 'catalog' | 'state', changes: readonly LocalChange[]): void {
    this.untold.push({ type: 'local', kind, index: this.local.index, space: this.space, changes });
    if (!this.isSlow) this.hearOfCommits();
  }

  /** The step hears of a commit later than it was decided: merges may have come between. */
  hearOfCommits(): void {
    for (let input = this.untold.shift(); input; input = this.untold.shift()) this.take(input);
  }
}
