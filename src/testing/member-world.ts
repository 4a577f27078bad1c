import type { MemberInfo, Origin } from '../sync/index.js';
import type { HomeView, MembersPart, MemberView } from '../sync/step/parts.js';

/** Members that are what a test says they are, for what asks about them. */
export class MemberWorld {
  readonly views = new Map<Origin, MemberView>();
  home: Origin | undefined;
  isProtected = false;

  constructor(readonly self: MemberInfo = memberInfo('a')) {
    this.home = self.origin;
  }

  /** Named `node-ORIGIN`, connected and alive unless said otherwise. */
  add(origin: Origin, fields: Partial<MemberView> = {}, info: Partial<MemberInfo> = {}): void {
    this.views.set(origin, memberView({ ...memberInfo(origin), ...info }, fields));
  }

  get part(): MembersPart {
    const view = (origin: Origin): MemberView | undefined =>
      origin === this.self.origin ? memberView(this.self, {}) : this.views.get(origin);
    const part: Partial<MembersPart> = {
      self: this.self,
      localHealth: 0,
      of: view,
      all: () => this.views.values(),
      peers: () => [...this.views.values()].filter(({ isConnected }) => isConnected).map(({ info }) => info),
      isLive: (origin) => !['dead', 'left', undefined].includes(view(origin)?.state),
      protectedMode: () => ({ active: this.isProtected, reason: '', sinceMs: 0 }),
      home: (): HomeView => ({ node: this.home && view(this.home)?.info.node, origin: this.home, problem: '' }),
    };
    return part as MembersPart;
  }
}

export function memberInfo(origin: Origin, fields: Partial<MemberInfo> = {}): MemberInfo {
  return {
    origin,
    inc: 1,
    node: `node-${origin}`,
    datacenter: 'dc1',
    host: '127.0.0.1',
    port: 8301,
    protocol: { min: 1, max: 1 },
    build: '0',
    primary: '',
    space: `space-${origin}`,
    succeeds: [],
    left: false,
    ...fields,
  };
}

function memberView(info: MemberInfo, fields: Partial<MemberView>): MemberView {
  return {
    info,
    state: 'alive',
    reason: '',
    isConnected: true,
    heardMs: 0,
    rttMs: undefined,
    localHealth: 0,
    ...fields,
  };
}
