import type { SyncDocument } from '../../model/index.js';
import type { Held } from '../host.js';
import { readMember } from './member-documents.js';
import { Member } from './member.js';
import type { Pieces } from './pieces.js';

/** Whom this agent knew when it last ran. Nothing is known of how they are: alive until they were silent for long enough. */
export function recall(pieces: Pieces, held: readonly Held[]): void {
  for (const { target, documents } of held) {
    if (target.type !== 'local') continue;
    for (const document of documents) recallDocument(pieces, document);
  }
}

function recallDocument({ table, nameDispute }: Pieces, document: SyncDocument): void {
  nameDispute.load(document);
  const stored = readMember(document);
  if (!stored || stored.info.origin === table.self.info.origin) return;
  // Known for ever: nobody takes its name by having been there before (admission.ts).
  const member = new Member(stored.info, 0, Number.NEGATIVE_INFINITY);
  member.state = stored.info.left ? 'left' : 'alive';
  member.deadWallMs = stored.deadWallMs;
  table.add(member);
}
