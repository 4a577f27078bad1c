import { defaults, ServiceDiscoveryError } from '../model/index.js';
import type { Clock } from '../runtime/index.js';
import type { StandingRead } from './peer-liveness.js';

/**
 * What a read is of. Of a Consul a leader confirms both. Our agents read the catalog without one, and say of themselves
 * whether it is as good as ever; only state (keys, sessions, queries) needs their home, which they name as the leader.
 */
export type ReadOf = 'catalog' | 'state';

/**
 * Notices servers that lost their leader while blocking reads stand at an agent of theirs. They go on holding them, so
 * what was read last looks confirmed for the whole wait while nobody can change it or say whether it still holds. An
 * address with standing reads from which no confirmed answer came for 10 s is asked for the leader; when there is none
 * twice in a row, every standing read there fails. An election takes less.
 *
 * Worst case: 10 s + 3 s look + 3 s pause + 3 s look = 19 s. One look at a time for each address however many reads.
 */
export class LeaderLookout {
  private readonly places = new Map<string, Place>();

  /**
   * `hasLeader` asks the address, on a connection that nothing else uses: true, or no news when it rejects; false when
   * the agent knows of no leader, or has not answered before the signal aborts, as agents do that look for one.
   */
  constructor(
    private readonly hasLeader: (address: string, signal: AbortSignal) => Promise<boolean>,
    private readonly clock: Clock,
  ) {}

  /** A blocking read stands on the address from now on. `fail` is called at most once. */
  standing(address: string, fail: (error: ServiceDiscoveryError) => void): StandingRead {
    const place = this.places.get(address) ?? this.open(address);
    const read = { fail };
    place.reads.add(read);
    return {
      ended: () => {
        if (place.reads.delete(read) && place.reads.size === 0) this.close(address, place);
      },
    };
  }

  /** The address answered, and its servers had a leader. Cheap. */
  confirmed(address: string): void {
    const place = this.places.get(address);
    if (place) place.confirmedAt = this.clock.now();
  }

  private open(address: string): Place {
    const place: Place = { reads: new Set(), confirmedAt: this.clock.now(), without: 0, stop: () => {} };
    this.places.set(address, place);
    this.lookIn(address, place, defaults.leaderQuietMs);
    return place;
  }

  private close(address: string, place: Place): void {
    place.stop();
    if (this.places.get(address) === place) this.places.delete(address);
  }

  private lookIn(address: string, place: Place, ms: number): void {
    place.stop = this.clock.after(ms, () => this.look(address, place));
  }

  private look(address: string, place: Place): void {
    const quietLeftMs = place.confirmedAt + defaults.leaderQuietMs - this.clock.now();
    if (quietLeftMs > 0) {
      place.without = 0;
      this.lookIn(address, place, quietLeftMs);
      return;
    }
    const own = new AbortController();
    let over = false;
    const finish = (has: boolean): void => {
      if (over) return;
      place.stop();
      if (has) this.confirm(address, place);
      else this.without(address, place);
    };
    const cancel = this.clock.after(defaults.leaderLookMs, () => finish(false));
    place.stop = () => {
      over = true;
      cancel();
      own.abort();
    };
    this.hasLeader(address, own.signal).then(finish, () => finish(true));
  }

  private confirm(address: string, place: Place): void {
    place.without = 0;
    this.lookIn(address, place, defaults.leaderQuietMs);
  }

  private without(address: string, place: Place): void {
    place.without += 1;
    if (place.without < 2) return this.lookIn(address, place, defaults.leaderLookMs);
    this.close(address, place);
    const error = new ServiceDiscoveryError('NOT_READY', `the servers behind ${address} have no leader`, {
      details: { address },
    });
    const reads = [...place.reads];
    place.reads.clear();
    for (const { fail } of reads) fail(error);
  }
}

interface Read {
  readonly fail: (error: ServiceDiscoveryError) => void;
}

interface Place {
  readonly reads: Set<Read>;
  /** On the clock's monotonic time. */
  confirmedAt: number;
  /** Looks in a row that saw no leader. */
  without: number;
  /** Ends the timer or the look that is under way. */
  stop: () => void;
}
