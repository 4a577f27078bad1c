import type { MemberState } from '../../model/index.js';
import type { HomeView, MembersPart, MemberView, StepContext } from '../../sync/step/parts.js';
import type { MemberInfo, Origin } from '../../sync/index.js';

interface Entry {
  info: MemberInfo;
  state: MemberState;
  isConnected: boolean;
}

/** Who is there, as a test says. */
export class MeshMembers implements MembersPart {
  readonly localHealth = 0;
  isProtected = false;
  private readonly entries = new Map<Origin, Entry>();

  constructor(
    private readonly own: () => MemberInfo,
    private readonly changed: (view: MemberView, context: StepContext) => void,
    private readonly homeOrigin: () => Origin | undefined,
  ) {}

  get self(): MemberInfo {
    return this.own();
  }

  /** What outlives a process: who there was, and who left. */
  remember(before: MeshMembers): void {
    for (const { info, state } of before.entries.values()) {
      this.entries.set(info.origin, { info, state: state === 'left' ? 'left' : 'alive', isConnected: false });
    }
  }

  know(info: MemberInfo): void {
    const entry = this.entries.get(info.origin);
    if (entry) entry.info = info;
    else this.entries.set(info.origin, { info, state: 'alive', isConnected: false });
  }

  /** A verdict, as the other half of a step comes to it. */
  judge(origin: Origin, state: MemberState, context: StepContext): void {
    const entry = this.entries.get(origin);
    if (!entry || entry.state === state) return;
    entry.state = state;
    this.changed(this.view(entry), context);
  }

  of(origin: Origin): MemberView | undefined {
    if (origin === this.self.origin) return this.view({ info: this.self, state: 'alive', isConnected: false });
    const entry = this.entries.get(origin);
    return entry && this.view(entry);
  }

  *all(): Iterable<MemberView> {
    for (const entry of this.entries.values()) yield this.view(entry);
  }

  peers(): readonly MemberInfo[] {
    return this.connectedOnes().filter(({ datacenter }) => datacenter === this.self.datacenter);
  }

  remotePeers(): readonly MemberInfo[] {
    return this.connectedOnes().filter(({ datacenter }) => datacenter !== this.self.datacenter);
  }

  isLive(origin: Origin): boolean {
    const state = this.of(origin)?.state;
    return state !== undefined && state !== 'dead' && state !== 'left';
  }

  home(): HomeView {
    const origin = this.homeOrigin();
    return { node: origin && this.of(origin)?.info.node, origin, problem: '' };
  }

  protectedMode() {
    return { active: this.isProtected, reason: '', sinceMs: 0 };
  }

  connected(peer: MemberInfo, context: StepContext): void {
    this.hearOf(peer, context);
    const entry = this.entries.get(peer.origin) as Entry;
    entry.isConnected = true;
    if (entry.state === 'dead') this.judge(peer.origin, 'alive', context);
  }

  /** Whoever left may come back with a later incarnation only. */
  hearOf(info: MemberInfo, context: StepContext): void {
    const known = this.entries.get(info.origin);
    if (known && info.inc < known.info.inc) return;
    const isLaterLife = info.inc > (known?.info.inc ?? 0);
    this.know(info);
    if (isLaterLife) this.judge(info.origin, 'alive', context);
  }

  disconnected(origin: Origin): void {
    const entry = this.entries.get(origin);
    if (entry) entry.isConnected = false;
  }

  private connectedOnes(): MemberInfo[] {
    return [...this.entries.values()].filter(({ isConnected }) => isConnected).map(({ info }) => info);
  }

  private view({ info, state, isConnected }: Entry): MemberView {
    return { info, state, reason: '', isConnected, heardMs: 0, rttMs: undefined, localHealth: 0 };
  }

  summaryHash = (): readonly [number, number] => [0, 0];
  counters = (): Readonly<Record<string, number>> => ({});
  wanted = (): readonly MemberInfo[] => [];
  admit = (): undefined => undefined;
  dialFailed = (): void => {};
  message = (): void => {};
  refused = (): void => {};
  tick = (): void => {};
  leave = (): void => {};
  forceLeave = (): void => {};
}
