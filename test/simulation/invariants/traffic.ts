/** I9: how much is said. At rest a bound for each agent; and nothing changes by itself. */
import type { AppliedChange } from '../../../src/catalog/index.js';
import type { Row } from '../../../src/model/index.js';
import type { Merge } from '../../../src/sync/index.js';
import type { Send } from '../../../src/sync/step/types.js';
import type { Life } from '../agent/life.js';
import type { Watcher } from '../agent/watcher.js';
import type { World } from '../world/world.js';
import { saying } from './canonical.js';
import { require } from './violation.js';

/** Of one beat and of one exchange of summaries, as bytes of messages. */
const BEAT_BYTES = 64;
const SUMMARY_BYTES = 200;
const IDLE_MS = 5_000;

export class TrafficJudge implements Watcher {
  private bytes = new WeakMap<Life, number>();
  /** The last one that a reader could see. */
  private changes = new WeakMap<Life, AppliedChange>();

  constructor(private readonly world: World) {}

  sent(life: Life, _send: Send, bytes: Uint8Array): void {
    this.bytes.set(life, (this.bytes.get(life) ?? 0) + bytes.length);
  }

  committed(life: Life, applied: readonly AppliedChange[]): void {
    const last = applied.findLast(({ before, after }) => (after ?? before)?.kind !== 'sync');
    if (last) this.changes.set(life, last);
  }

  merged(life: Life, _merge: Merge, applied: readonly AppliedChange[]): void {
    this.committed(life, applied);
  }

  judgeIdle(): void {
    this.bytes = new WeakMap();
    this.changes = new WeakMap();
    const { queue, scenario } = this.world;
    const lives = this.world.running();
    const idleMs = IDLE_MS * scenario.tempo;
    queue.run(queue.nowMs + idleMs);
    const bound = this.bound(lives.length, idleMs);
    for (const life of lives) {
      const { name } = life.self;
      const sent = this.bytes.get(life) ?? 0;
      require(sent <= bound, 'I9', () => `${name} sent ${sent} bytes in ${idleMs} idle ms, more than ${bound}`);
      const change = this.changes.get(life);
      require(change === undefined, 'I3', () => `${name} changes though nothing happens: ${change && told(change)}`);
    }
  }

  private bound(agents: number, idleMs: number): number {
    const { heartbeatMs, monitors, digestMs, remoteDigestMs } = this.world.settings;
    const beats = Math.min(agents - 1, monitors) * (idleMs / heartbeatMs + 1) * BEAT_BYTES;
    // Of those that others begin as well.
    const digests = 3 * (idleMs / digestMs + idleMs / remoteDigestMs + 2) * SUMMARY_BYTES;
    return Math.ceil(beats + digests);
  }
}

function told({ before, after }: AppliedChange): string {
  return `${text(before)} becomes ${text(after)}`;
}

function text(row: Row | undefined): string {
  return row ? saying(row) : 'nothing';
}
