import { isDiscoveryError, limits } from '../../model/index.js';
import type { Clock, Logger } from '../../runtime/index.js';
import type { PeerEnd, Refusal } from '../connection/types.js';

/** What was said, by either side, when two agents did not become peers. */
export function refusalOf(error: unknown): Refusal | undefined {
  return isDiscoveryError(error) ? (error.details['end'] as PeerEnd | undefined)?.refusal : undefined;
}

/** Between two lines about one machine. */
const TELL_EVERY_MS = 60_000;
/** No news: two agents that dial each other at once, an address that is our own, an agent that stops. */
const QUIET: ReadonlySet<string> = new Set(['duplicate', 'self', 'stopping', 'unwanted']);

/** Refusals for the log. Both sides try again for ever, so each is told now and then and not each time. */
export class RefusalLog {
  private readonly told = new Map<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** `about` is what the machine is known by. */
  tell(about: string, fields: object, error: unknown): void {
    const refusal = refusalOf(error);
    if (refusal && QUIET.has(refusal.code)) return;
    const now = this.clock.now();
    if (now - (this.told.get(about) ?? -Infinity) < TELL_EVERY_MS) return;
    if (this.told.size >= limits.refusedMachines) this.told.clear();
    this.told.set(about, now);
    const reason = refusal?.reason ?? (error instanceof Error ? error.message : String(error));
    this.logger.warn({ ...fields, reason }, 'sync.peer_refused');
  }
}
