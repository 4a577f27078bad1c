import { topic } from '../../model/index.js';
import type { SessionRow } from '../../model/index.js';
import { Groups } from './groups.js';
import { PlainTable } from './plain-table.js';
import type { Write } from './write.js';

/** Sessions, also by node: a node's end, and that of its checks, ends its sessions. */
export class SessionTable extends PlainTable<SessionRow> {
  private readonly byNode = new Groups<SessionRow>();

  constructor(startIndex: number) {
    super(startIndex, topic.sessions);
  }

  ofNode(node: string): readonly SessionRow[] {
    return this.byNode.get(node.toLowerCase());
  }

  override put(id: string, row: SessionRow, write: Write): SessionRow | undefined {
    const before = super.put(id, row, write);
    this.regroup(before, this.get(id));
    return before;
  }

  override delete(id: string, write: Write): SessionRow | undefined {
    const before = super.delete(id, write);
    this.regroup(before, undefined);
    return before;
  }

  private regroup(before: SessionRow | undefined, after: SessionRow | undefined): void {
    if (before) this.byNode.delete(before.node.toLowerCase(), before);
    if (after) this.byNode.add(after.node.toLowerCase(), after);
  }
}
