/** I1: within an incarnation a stream is never known up to less than before, and no incarnation comes back. */
import type { Notice, Origin, Position } from '../../../src/sync/index.js';
import { streamId } from '../../../src/sync/index.js';
import type { Effects, SyncInput } from '../../../src/sync/step/types.js';
import type { Life } from '../agent/life.js';
import type { Watcher } from '../agent/watcher.js';
import { require } from './violation.js';

const KINDS = ['catalog', 'state'] as const;

export class PositionJudge implements Watcher {
  private readonly known = new WeakMap<Life, Map<string, Position>>();

  constructor(private readonly origins: () => Iterable<Origin>) {}

  stepped(life: Life, input: SyncInput, _effects: Effects): void {
    if (input.type === 'tick') return;
    const known = this.known.get(life) ?? new Map<string, Position>();
    this.known.set(life, known);
    for (const origin of this.origins()) {
      for (const kind of KINDS) this.judge(life, known, streamId(origin, kind));
    }
  }

  /** At equal positions contents are equal; nothing here damages any. */
  noticed(life: Life, notice: Notice): void {
    const isDamaged = notice.type === 'reset' && notice.reason === 'corrupt';
    require(!isDamaged, 'I1', () => `${life.self.name} finds what it holds to be another's at the same position`);
  }

  private judge(life: Life, known: Map<string, Position>, stream: string): void {
    const now = life.state.streams.position(stream);
    const before = known.get(stream);
    if (before === now) return;
    // Forgotten: it may come again, as another.
    const isBack = before && now.inc > 0 && (now.inc < before.inc || (now.inc === before.inc && now.ver < before.ver));
    require(!isBack, 'I1', () => `${life.self.name} was at ${show(before)} of ${stream} and is at ${show(now)}`);
    if (now.inc > 0) known.set(stream, now);
  }
}

function show(position: Position | undefined): string {
  return position ? `${position.inc}/${position.ver}` : 'nothing';
}
