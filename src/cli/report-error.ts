import { isDiscoveryError } from '../model/index.js';
import { hintOf } from './hints.js';
import type { Io } from './io.js';
import { printable } from './output/printable.js';

/** What went wrong, where, and what to do, on stderr. A bug of ours comes with its stack. */
export function reportError(io: Io, error: unknown): void {
  if (!isDiscoveryError(error)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    io.err(`${io.paint('red', 'error:')} unexpected failure; please report it\n${text}\n`);
    return;
  }
  io.err(`${io.paint('red', 'error:')} ${error.message.split('\n').map(printable).join('\n')}\n`);
  const { violations = [] } = error.details;
  const hint = hintOf(error);
  if (violations.length > 1) for (const { field, rule } of violations) io.err(`  ${printable(`${field} ${rule}`)}\n`);
  if (hint !== undefined) io.err(`  ${io.paint('dim', hint)}\n`);
}
