import { limits } from '../../model/index.js';
import type { MembersPart } from '../step/parts.js';
import type { SyncSettings } from '../settings.js';
import type { Acks } from './acks.js';
import type { Holdings } from './holdings.js';
import type { SyncedRecord } from './record.js';
import type { Stream } from './stream.js';

/**
 * Deletions are spoken of until all who could still hold what they delete are known to have them (causal stability), and
 * a while longer. Whoever was away for longer than the cap, or is behind what was forgotten, is sent the stream anew.
 */
export class Stability {
  constructor(
    private readonly holdings: Holdings,
    private readonly members: MembersPart,
    private readonly acks: Acks,
    private readonly settings: SyncSettings,
    private readonly forget: (record: SyncedRecord) => void,
  ) {}

  review(nowMs: number): void {
    for (const stream of this.holdings.streams.values())
      if (stream.tombstones.size > 0) this.reviewStream(stream, nowMs);
  }

  private reviewStream(stream: Stream, nowMs: number): void {
    const stable = this.knownToAll(stream);
    let excess = stream.tombstones.size - limits.streamTombstones;
    for (const record of stream.tombstones) {
      const ageMs = nowMs - record.goneSinceMs;
      const isStable = record.ver <= stable && ageMs >= this.settings.tombstoneMinMs;
      if (!isStable && ageMs < this.settings.tombstoneMaxMs && excess-- <= 0) return;
      stream.gc = Math.max(stream.gc, record.ver);
      this.forget(record);
    }
  }

  private knownToAll(stream: Stream): number {
    let least = Infinity;
    // Nobody is told of state that is not the home's; who held some of it gets it anew should it become that again.
    if (stream.kind === 'state' && !this.holdings.isHome(stream.origin)) return least;
    for (const { info, state } of this.members.all()) {
      if (info.origin === this.members.self.origin || info.origin === stream.origin) continue;
      if (info.datacenter !== this.members.self.datacenter || state === 'dead' || state === 'left') continue;
      least = Math.min(least, this.acks.of(info.origin, stream));
    }
    // State is for its own datacenter, and what comes from another is not sent back there.
    const isSentAbroad = stream.kind === 'catalog' && stream.space.datacenter === this.members.self.datacenter;
    if (!isSentAbroad) return least;
    for (const { origin } of this.members.remotePeers()) least = Math.min(least, this.acks.of(origin, stream));
    return least;
  }
}
