import type { Put, SyncDocument } from '../../model/index.js';
import type { MemberInfo } from '../messages.js';
import { putDocument } from './documents.js';
import type { StepContext } from './parts.js';

export const OWN_DOCUMENT = 'own';

/** The document in the local target that remembers our incarnation: committed, synced, before anybody is told of it. */
export function ownDocument(inc: number): Put {
  return putDocument(OWN_DOCUMENT, { inc });
}

/** The last incarnation that was remembered; 0 when there is none. */
export function storedIncarnation(documents: Iterable<SyncDocument>): number {
  for (const { id, body } of documents) {
    if (id === OWN_DOCUMENT) return (body as { readonly inc: number }).inc;
  }
  return 0;
}

/**
 * What this agent says of itself, shared by both halves of the step: each may change it, both hear of it. A larger
 * incarnation makes everything it ever said void, and is how it takes the word back from whoever knows more of it than
 * itself: a tail that a crash lost, a verdict of death.
 */
export class OwnInfo {
  private current: MemberInfo;
  private readonly listeners: ((info: MemberInfo, before: MemberInfo, context: StepContext) => void)[] = [];

  constructor(first: MemberInfo) {
    this.current = first;
  }

  get info(): MemberInfo {
    return this.current;
  }

  /** Called, in the order of subscription, within the step that changes it. */
  onChange(listener: (info: MemberInfo, before: MemberInfo, context: StepContext) => void): void {
    this.listeners.push(listener);
  }

  raiseAbove(inc: number, context: StepContext, fields: Partial<MemberInfo> = {}): void {
    this.change({ ...fields, inc: Math.max(inc, this.current.inc) + 1 }, context);
  }

  /** Of two infos under one incarnation others keep what they have, but for `left`: any other change is another one. */
  change(fields: Partial<MemberInfo>, context: StepContext): void {
    const before = this.current;
    const inc = Object.keys(fields).every((name) => name === 'left') ? before.inc : before.inc + 1;
    this.current = { ...before, inc, ...fields };
    if (this.current.inc > before.inc) {
      context.out.merges.push({
        target: { type: 'local' },
        changes: [ownDocument(this.current.inc)],
        durability: 'synced',
      });
    }
    for (const listener of this.listeners) listener(this.current, before, context);
  }
}
