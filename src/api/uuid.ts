import { refusal } from './core/errors.js';

/** Ids of sessions and queries are looked up as UUIDs; what is none is answered 500 in these words (CONTRACT 3.6, 3.10). */
export function requireUuid(id: string, lookup: string): void {
  const complaint = complaintAbout(id);
  if (complaint !== undefined) throw refusal(500, `${lookup}: index error: ${complaint}`);
}

function complaintAbout(id: string): string | undefined {
  if (id.length !== 36) return 'UUID must be 36 characters';
  const hyphens = id.split('-').length - 1;
  if (hyphens > 4) return `UUID should only have maximum of 4 "-"; got ${hyphens}`;
  return /^[0-9a-fA-F-]+$/.test(id) ? undefined : 'invalid UUID: encoding/hex: invalid byte';
}
