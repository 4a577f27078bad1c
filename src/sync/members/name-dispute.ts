import { defaults, type Json, type SyncDocument } from '../../model/index.js';
import { putDocument, removeDocument } from '../step/documents.js';
import type { StepContext } from '../step/parts.js';
import type { AttentiveTime } from './attentive-time.js';
import type { MemberTable } from './table.js';

const DOCUMENT = 'name-dispute';

/**
 * A peer did not let us in because our node name is another agent's. Then we are nobody's home, though our configuration
 * may say so: the other may be it. Kept over restarts; over when peers have let us in and none has refused for a while.
 */
export class NameDispute {
  reason = '';
  private refusedAt = 0;

  constructor(
    private readonly table: MemberTable,
    private readonly time: AttentiveTime,
  ) {}

  load({ id, body }: SyncDocument): void {
    if (id === DOCUMENT) this.set(textOf(body));
  }

  raise(reason: string, context: StepContext): void {
    this.refusedAt = this.time.ms;
    if (this.reason === reason) return;
    this.set(reason);
    const changes = [putDocument(DOCUMENT, reason)];
    context.out.merges.push({ target: { type: 'local' }, changes, durability: 'synced' });
  }

  tick({ out }: StepContext): void {
    if (this.reason === '' || this.table.localPeers.length === 0) return;
    if (this.time.ms - this.refusedAt < defaults.membership.disputeMs) return;
    this.set('');
    out.merges.push({ target: { type: 'local' }, changes: [removeDocument(DOCUMENT)], durability: 'synced' });
  }

  private set(reason: string): void {
    this.reason = reason;
    this.table.isDisputed = reason !== '';
    this.table.changed();
  }
}

function textOf(body: Json): string {
  return typeof body === 'string' ? body : '';
}
