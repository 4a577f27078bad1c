/** Members as documents `member/ORIGIN` in the local store: who was there when this agent last ran. */
import type { SyncDocument } from '../../model/index.js';
import type { MemberInfo } from '../messages.js';
import { putDocument, removeDocument } from '../step/documents.js';
import type { StepContext } from '../step/parts.js';
import { cleanInfo, infoFault, isNumber } from './member-info.js';
import type { Member } from './member.js';

const PREFIX = 'member/';

export interface StoredMember {
  readonly info: MemberInfo;
  /** Since when it is dead, 0 = it is not: for `reconnect_timeout` to go on after a restart. */
  readonly deadWallMs: number;
}

export function persistMember(
  { info, deadWallMs }: Member,
  context: StepContext,
  durability: 'synced' | 'lazy' = 'lazy',
): void {
  const body = { info: { ...info, protocol: { ...info.protocol } }, deadWallMs };
  const changes = [putDocument(PREFIX + info.origin, body)];
  context.out.merges.push({ target: { type: 'local' }, changes, durability });
}

export function forgetMember({ info }: Member, { out }: StepContext): void {
  out.merges.push({ target: { type: 'local' }, changes: [removeDocument(PREFIX + info.origin)], durability: 'lazy' });
}

/** undefined for other documents, and for what another version wrote and says nothing to us. */
export function readMember({ id, body }: SyncDocument): StoredMember | undefined {
  if (!id.startsWith(PREFIX)) return undefined;
  const { info, deadWallMs } = (body ?? {}) as { readonly info?: MemberInfo; readonly deadWallMs?: number };
  if (!info || infoFault(info) || PREFIX + info.origin !== id) return undefined;
  return { info: cleanInfo(info), deadWallMs: isNumber(deadWallMs, 0) ? deadWallMs : 0 };
}
