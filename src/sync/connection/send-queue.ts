import { limits } from '../../model/index.js';
import { priorities } from '../messages.js';
import type { Priority } from '../messages.js';

export interface Queued {
  readonly bytes: Uint8Array;
  /** A delta: whoever misses it asks for it. */
  readonly isDroppable: boolean;
}

/**
 * What waits for one peer, by urgency. Bounded: what does not fit takes the place of deltas that are less urgent, the
 * newest of the least urgent first, since older ones can be applied without them. What may not be dropped has room for
 * one more frame than that; more of it is nobody who reads.
 */
export class SendQueue {
  private readonly lanes = new Map<Priority, Queued[]>(priorities.map((priority) => [priority, []]));
  private size = 0;
  dropped = 0;

  constructor(private readonly mostBytes: number) {}

  get bytes(): number {
    return this.size;
  }

  /** `ahead` is what the connection holds already. */
  add(item: Queued, priority: Priority, ahead: number): 'queued' | 'dropped' | 'overrun' {
    const room = this.mostBytes - ahead - item.bytes.length;
    while (this.size > room) {
      const victim = this.leastUrgentFrom(item.isDroppable ? priority : 'control');
      if (!victim) break;
      this.remove(victim.lane, victim.at);
      this.dropped++;
    }
    if (this.size > room && item.isDroppable) {
      this.dropped++;
      return 'dropped';
    }
    this.lanes.get(priority)?.push(item);
    this.size += item.bytes.length;
    return this.size + ahead > this.mostBytes + limits.peerFrameBytes ? 'overrun' : 'queued';
  }

  /** The most urgent, not taken yet. */
  peek(): { readonly item: Queued; readonly priority: Priority } | undefined {
    for (const priority of priorities) {
      const item = this.lanes.get(priority)?.[0];
      if (item) return { item, priority };
    }
    return undefined;
  }

  take(priority: Priority): void {
    const lane = this.lanes.get(priority);
    if (lane && lane.length > 0) this.remove(lane, 0);
  }

  /** A droppable one that is not more urgent than `priority`; of its own class only a newcomer stands behind it. */
  private leastUrgentFrom(priority: Priority): { readonly lane: Queued[]; readonly at: number } | undefined {
    for (const candidate of priorities.toReversed()) {
      if (candidate === priority && priority !== 'control') return undefined;
      const lane = this.lanes.get(candidate) ?? [];
      const at = lane.findLastIndex(({ isDroppable }) => isDroppable);
      if (at >= 0) return { lane, at };
    }
    return undefined;
  }

  private remove(lane: Queued[], at: number): void {
    const item = at === 0 ? lane.shift() : lane.splice(at, 1)[0];
    this.size -= item?.bytes.length ?? 0;
  }
}
