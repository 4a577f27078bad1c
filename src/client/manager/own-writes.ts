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
    return this.asOf() - this.writtenMs(service) < this.rememberMs;
  }

  /**
   * To be read before an answer is looked at, for `isBefore`: read after it, time that passes in between, on a machine with
   * better things to do, would make the answer younger than it is. Costs nothing while nothing was written.
   */
  asOf(): number {
    return this.isUntouched ? 0 : this.clock.now();
  }

  /** Whether an answer that was of this age no sooner than `asOfMs` is from before the last write. */
  isBefore(service: string, ageMs: number, asOfMs: number): boolean {
    if (this.isUntouched) return false;
    const writtenMs = this.writtenMs(service);
    return asOfMs - writtenMs < this.rememberMs && asOfMs - ageMs <= writtenMs + AGE_ERROR_MS;
  }

  private get isUntouched(): boolean {
    return this.atMs.size === 0 && this.anyMs === -Infinity;
  }

  private writtenMs(service: string): number {
    return Math.max(this.anyMs, this.atMs.get(service.toLowerCase()) ?? -Infinity);
  }
}
