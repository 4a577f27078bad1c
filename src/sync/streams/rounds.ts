import { defaults } from '../../model/index.js';
import type { SyncSettings } from '../settings.js';
import type { MembersPart, StepContext } from '../step/parts.js';
import type { Digests } from './digests.js';

const SPREAD = 0.2;

/** When what is done again and again is due. */
export class Rounds {
  private nextDigestMs: number | undefined = undefined;
  private nextRemoteMs = 0;
  private nextReviewMs = 0;

  constructor(
    private readonly members: MembersPart,
    private readonly digests: Digests,
    private readonly settings: SyncSettings,
  ) {}

  /** Compares with one random peer here, and with every one abroad to which we are a gateway. */
  tick(context: StepContext): void {
    const { now, random } = context;
    this.nextDigestMs ??= this.afterNow(this.settings.digestMs, context);
    if (now >= this.nextDigestMs) {
      this.nextDigestMs = this.afterNow(this.settings.digestMs, context);
      const peers = this.members.peers();
      const peer = peers[Math.floor(random.next() * peers.length)];
      if (peer) this.digests.sendSummary(peer, context);
    }
    if (now < this.nextRemoteMs) return;
    this.nextRemoteMs = this.afterNow(this.settings.remoteDigestMs, context);
    for (const peer of this.members.remotePeers()) this.digests.sendSummary(peer, context);
  }

  isTimeForReview(nowMs: number): boolean {
    if (nowMs < this.nextReviewMs) return false;
    this.nextReviewMs = nowMs + defaults.stabilityMs;
    return true;
  }

  private afterNow(ms: number, { now, random }: StepContext): number {
    return now + ms * (1 - SPREAD + 2 * SPREAD * random.next());
  }
}
