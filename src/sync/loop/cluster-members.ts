import type { ClusterMember } from '../../model/index.js';
import { streamId, type Origin } from '../messages.js';
import { protocolVersions } from '../protocol.js';
import type { MembersPart, MemberView, StreamsPart } from '../step/parts.js';

export interface ClusterMembersOptions {
  readonly members: MembersPart;
  readonly streams: Pick<StreamsPart, 'position' | 'claimed'>;
  readonly now: () => number;
}

/** The members as the faces of the agent show them, ourselves first, then by datacenter and name. */
export class ClusterMembers {
  constructor(private readonly options: ClusterMembersOptions) {}

  all(): readonly ClusterMember[] {
    const { members } = this.options;
    const others = [...members.all()].sort(byPlace);
    const self = members.of(members.self.origin);
    return [...(self ? [self] : []), ...others].map((view) => this.shown(view));
  }

  of(origin: Origin): ClusterMember | undefined {
    const view = this.options.members.of(origin);
    return view && this.shown(view);
  }

  /** The one that goes by that name now; of several that did, one that has not left. Ours too. */
  named(node: string, datacenter: string): MemberView | undefined {
    const { members } = this.options;
    const isIt = ({ info }: MemberView): boolean =>
      info.node.toLowerCase() === node.toLowerCase() && info.datacenter === datacenter;
    const self = members.of(members.self.origin);
    if (self && isIt(self)) return self;
    const found = [...members.all()].filter(isIt);
    return found.find(({ state }) => state !== 'left') ?? found[0];
  }

  private shown(view: MemberView): ClusterMember {
    const { members, now } = this.options;
    const { info } = view;
    const isSelf = info.origin === members.self.origin;
    return {
      origin: info.origin,
      node: info.node,
      datacenter: info.datacenter,
      address: info.host,
      port: info.port,
      state: view.state,
      reason: view.reason,
      version: info.build,
      protocol: { ...info.protocol, used: Math.min(info.protocol.max, protocolVersions.max) },
      incarnation: info.inc,
      lagVersions: isSelf ? 0 : this.lagOf(info.origin),
      lastContactMs: isSelf ? 0 : Math.max(0, Math.round(now() - view.heardMs)),
      localHealth: isSelf ? members.localHealth : view.localHealth,
      isSelf,
      isHome: members.home().origin === info.origin,
    };
  }

  private lagOf(origin: Origin): number {
    const { streams } = this.options;
    const stream = streamId(origin, 'catalog');
    const [have, claimed] = [streams.position(stream), streams.claimed(stream)];
    if (claimed.inc > have.inc) return claimed.ver;
    return claimed.inc < have.inc ? 0 : Math.max(0, claimed.ver - have.ver);
  }
}

function byPlace({ info: a }: MemberView, { info: b }: MemberView): number {
  return place(a) < place(b) ? -1 : 1;
}

function place({ datacenter, node, origin }: MemberView['info']): string {
  return [datacenter, node.toLowerCase(), origin].join('\0');
}
