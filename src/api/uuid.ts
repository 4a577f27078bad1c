import { uuidComplaint } from '../catalog/index.js';
import { refusal } from './core/errors.js';

/**
 * Ids of sessions and queries are looked up as UUIDs; what is none is answered 500 in these words (docs/contract.md
 * section 3.6, 3.10).
 */
export function requireUuid(id: string, lookup: string): void {
  const complaint = uuidComplaint(id);
  if (complaint !== undefined) throw refusal(500, `${lookup}: ${complaint}`);
}
