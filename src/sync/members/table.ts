import { limits } from '../../model/index.js';
import type { Hash, MemberInfo, Origin } from '../messages.js';
import { nameKey, type Member } from './member.js';

/**
 * All agents that were ever known, each once, and lists of them that are asked for often. `changed` is to be called by
 * whoever changes a member in what the lists show: its info, its state, its connection.
 */
export class MemberTable {
  /** Raised by every change: who keeps something derived compares it. */
  epoch = 0;
  /** Our own node name is held to be another agent's (name-dispute.ts). */
  isDisputed = false;
  private readonly members = new Map<Origin, Member>();
  private lists: Lists | undefined;

  /** `self` is not in the lists: it is neither a peer nor judged. */
  constructor(readonly self: Member) {}

  get(origin: Origin): Member | undefined {
    return this.members.get(origin);
  }

  /** All others, also those that left. */
  all(): Iterable<Member> {
    return this.members.values();
  }

  add(member: Member): void {
    this.members.set(member.info.origin, member);
    this.changed();
  }

  drop(origin: Origin): void {
    this.members.delete(origin);
    this.changed();
  }

  changed(): void {
    this.epoch++;
    this.lists = undefined;
  }

  /** Others of our datacenter that have not left, by origin. */
  get local(): readonly Member[] {
    return this.derived().local;
  }

  /** Members of other datacenters that have not left, by origin. */
  get remote(): readonly Member[] {
    return this.derived().remote;
  }

  /** Connected ones of `local` and `remote`. */
  get localPeers(): readonly Member[] {
    return this.derived().localPeers;
  }

  get remotePeers(): readonly Member[] {
    return this.derived().remotePeers;
  }

  /** All that are connected, also who left: it may not know that it is held for gone. */
  get connected(): readonly Member[] {
    return this.derived().connected;
  }

  /** XOR over all that have not left: those that did are told of only where somebody does not know yet. */
  get hash(): Hash {
    return this.derived().hash;
  }

  get isFull(): boolean {
    let present = 1;
    for (const { info } of this.members.values()) if (!info.left) present++;
    return present >= limits.members;
  }

  /** Another agent that goes by that name now, whatever its state. */
  namesake(info: MemberInfo): Member | undefined {
    const name = nameKey(info);
    if (this.self.nameKey === name) return this.self;
    for (const other of this.members.values()) {
      if (other.nameKey === name && other.info.origin !== info.origin && !other.info.left) return other;
    }
    return undefined;
  }

  /** An agent that took over from this one, if it has not begun a later life since. */
  successor(info: MemberInfo): Member | undefined {
    const isAfter = (other: Member): boolean => other.info.inc > info.inc && other.info.succeeds.includes(info.origin);
    if (isAfter(this.self)) return this.self;
    for (const other of this.members.values()) if (isAfter(other)) return other;
    return undefined;
  }

  /** The oldest of those that left, when there are too many to be remembered. */
  surplusLeft(): Member | undefined {
    const left = [...this.members.values()].filter((member) => member.info.left);
    if (left.length <= limits.memberMarkers) return undefined;
    return left.reduce((oldest, member) => (member.leftAtMs < oldest.leftAtMs ? member : oldest));
  }

  private derived(): Lists {
    return (this.lists ??= new Lists(this.self, this.members.values()));
  }
}

class Lists {
  readonly local: readonly Member[];
  readonly remote: readonly Member[];
  readonly localPeers: readonly Member[];
  readonly remotePeers: readonly Member[];
  readonly connected: readonly Member[];
  readonly hash: Hash;

  constructor(self: Member, members: Iterable<Member>) {
    const sorted = [...members].sort(byOrigin);
    const present = sorted.filter((member) => !member.info.left);
    this.connected = sorted.filter((member) => member.isConnected);
    this.local = present.filter((member) => member.info.datacenter === self.info.datacenter);
    this.remote = present.filter((member) => member.info.datacenter !== self.info.datacenter);
    this.localPeers = this.local.filter((member) => member.isConnected);
    this.remotePeers = this.remote.filter((member) => member.isConnected);
    let [high, low] = self.info.left ? [0, 0] : self.infoHash;
    for (const { infoHash } of present) [high, low] = [high ^ infoHash[0], low ^ infoHash[1]];
    this.hash = [high >>> 0, low >>> 0];
  }
}

export function byOrigin(a: Member, b: Member): number {
  return a.info.origin < b.info.origin ? -1 : 1;
}
