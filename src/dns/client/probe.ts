import type { Clock } from '../../runtime/index.js';
import type { Question } from '../wire/index.js';
import { Attempt } from './attempt.js';
import type { DnsClientStats } from './dns-client-stats.js';
import type { Server } from './server.js';

/**
 * Puts a question to a server that failed, to see whether it is back, while others answer it: nobody waits for it, not
 * even the end of the process.
 */
export function probe(
  server: Server,
  question: Question,
  parts: {
    readonly clock: Pick<Clock, 'now' | 'after'>;
    readonly stats: DnsClientStats;
    readonly timeoutMs: number;
  },
): void {
  if (server.isProbed) return;
  server.isProbed = true;
  parts.stats.probed++;
  const over = (): void => {
    server.isProbed = false;
    cancelTimer();
  };
  const attempt = new Attempt(server, question, { answered: over, failed: over }, parts, false);
  const cancelTimer = parts.clock.after(parts.timeoutMs, () => {
    attempt.cancel('silent');
    over();
  });
  attempt.start();
}
