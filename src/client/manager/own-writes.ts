import { limits } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';

/** Ages are differences of whole milliseconds. In doubt one is asked for again. */
const AGE_ERROR_MS = 1;

/**
 * When this manager last changed what there is of a service: an answer from before is not one for its own caller any more.
 * Remembered for as long as such an answer could be taken for a good one.
 */
export class OwnWrites {
  private readonly atMs = new Map<string, number>();
  private anyMs = -Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly rememberMs: number,
  ) {}

  /** Undefined: nobody knows of which service. */
  note(service: string | undefined): void {
    const now = this.clock.now();
    if (service === undefined) {
      this.anyMs = now;
      return;
    }
    const name = service.toLowerCase();
    this.atMs.delete(name);
    this.atMs.set(name, now);
    if (this.atMs.size <= limits.ownWrites) return;
    // Those that are forgotten count as written now.
    this.atMs.clear();
    this.anyMs = now;
  }

  /** Whether there was a write at all that an answer could be from before of. */
  isRecent(service: string): boolean {
    return this.isBefore(service, this.rememberMs);
  }

  /** Whether an answer of this age is from before the last write. */
  isBefore(service: string, ageMs: number): boolean {
    if (this.atMs.size === 0 && this.anyMs === -Infinity) return false;
    const writtenMs = Math.max(this.anyMs, this.atMs.get(service.toLowerCase()) ?? -Infinity);
    const now = this.clock.now();
    return now - writtenMs < this.rememberMs && now - ageMs <= writtenMs + AGE_ERROR_MS;
  }
}
