import type { MemberState } from '../../model/index.js';
import type { Hash, MemberInfo } from '../messages.js';
import type { MemberView } from '../step/parts.js';
import { hashText, infoHash } from './hash.js';
import { Votes } from './votes.js';

/**
 * What is known of one agent: what it says of itself, and what we saw of it. Times that end in `At` are attentive, others
 * monotonic. Only the rules beside this file change it.
 */
export class Member implements MemberView {
  state: MemberState = 'alive';
  reason = '';
  isConnected = false;
  rttMs: number | undefined;
  localHealth = 0;
  /** For rendezvous hashing. */
  readonly hash: number;

  /** The last beat of this incarnation that it told us itself. */
  beat = 0;
  heardAt: number;
  /** By us, in this life of ours. Before that a closed port is no evidence: it may be elsewhere now. */
  wasHeard = false;
  /** Its clock when it sent its last beat, and ours when that came: for echoes. */
  sentMs = 0;
  sentSeenMs = 0;

  /** It said that it stops for a while. */
  saidGoodbye = false;
  /** Dials refused since it was last heard. */
  refusals = 0;
  /** Since when nobody listens at its address. */
  hardAt: number | undefined;
  /** Since when we are one of its monitors. */
  watchedAt: number | undefined;
  /** Since when it has been asked whether it is well and did not answer. */
  askedAt: number | undefined;
  answeredAt = Number.NEGATIVE_INFINITY;
  readonly votes = new Votes();

  /** Since when it is suspect or dead, without a sign of life in between. */
  lostAt: number | undefined;
  deadAt: number | undefined;
  /** Wall-clock ms of the verdict; kept over restarts. */
  deadWallMs = 0;
  /** Life that must be surpassed for it to be alive again through the word of others. */
  diedWith: { readonly inc: number; readonly beat: number } | undefined;
  /** Others have heard it since it died. */
  isSeenAgain = false;
  leftAtMs = 0;
  /** An operator does not want to see it any more. */
  isPruned = false;

  private currentInfo: MemberInfo;
  private currentHash: Hash;
  private currentName: string;

  constructor(
    info: MemberInfo,
    /** Monotonic. */
    public heardMs: number,
    public readonly knownAt: number,
  ) {
    this.currentInfo = info;
    this.currentHash = infoHash(info);
    this.currentName = nameKey(info);
    this.hash = hashText(info.origin);
    this.heardAt = knownAt;
  }

  /** Nothing is held against it any more. */
  clear(state: 'alive' | 'left'): void {
    this.state = state;
    this.reason = '';
    this.askedAt = undefined;
    this.refusals = 0;
    this.hardAt = undefined;
    this.lostAt = undefined;
    this.deadAt = undefined;
    this.deadWallMs = 0;
    this.diedWith = undefined;
    this.isSeenAgain = false;
  }

  get info(): MemberInfo {
    return this.currentInfo;
  }

  get nameKey(): string {
    return this.currentName;
  }

  get infoHash(): Hash {
    return this.currentHash;
  }

  /** A later incarnation is another life: what was thought of the one before is void. */
  learn(info: MemberInfo): void {
    if (info.inc > this.currentInfo.inc) {
      this.beat = 0;
      this.votes.dropBefore(info.inc);
    }
    this.currentInfo = info;
    this.currentHash = infoHash(info);
    this.currentName = nameKey(info);
  }
}

/** Equal for agents of one name; node names are compared without case, as everywhere. */
export function nameKey({ datacenter, node }: MemberInfo): string {
  return `${datacenter}\u0000${node.toLowerCase()}`;
}

export function sameAddress(a: MemberInfo, b: MemberInfo): boolean {
  return a.host === b.host && a.port === b.port;
}

export function addressOf({ host, port }: MemberInfo): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
