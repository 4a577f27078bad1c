import { isDiscoveryError, limits } from '../../model/index.js';
import type { Clock, Logger, NetworkAddress } from '../../runtime/index.js';
import type { PeerEnd, Refusal } from '../connection/types.js';
import type { MemberInfo } from '../messages.js';
import { hostPort } from '../server-name.js';

/** What was said, by either side, when two agents did not become peers. */
export function refusalOf(error: unknown): Refusal | undefined {
  return isDiscoveryError(error) ? (error.details as Partial<PeerEnd>).refusal : undefined;
}

/** The same, when the other side said it. */
export function refusalByThem(error: unknown): Refusal | undefined {
  const isTheirs = isDiscoveryError(error) && (error.details as Partial<PeerEnd>).by === 'them';
  return isTheirs ? refusalOf(error) : undefined;
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

  /** Somebody connected to us and did not become a peer. */
  accept({ host }: NetworkAddress, error: unknown): void {
    this.tell(host, {}, error, refusalOf(error));
  }

  /** That nobody answered is what the members' own notices tell. */
  dial({ node, host, port }: MemberInfo, error: unknown): void {
    const refusal = refusalOf(error);
    if (refusal) this.tell(hostPort(host, port), { node }, error, refusal);
  }

  private tell(address: string, fields: object, error: unknown, refusal: Refusal | undefined): void {
    if (refusal && QUIET.has(refusal.code)) return;
    const now = this.clock.now();
    if (now - (this.told.get(address) ?? -Infinity) < TELL_EVERY_MS) return;
    if (this.told.size >= limits.refusedMachines) this.told.clear();
    this.told.set(address, now);
    const reason = refusal?.reason ?? (error instanceof Error ? error.message : String(error));
    this.logger.warn({ address, ...fields, reason }, 'sync.peer_refused');
  }
}
