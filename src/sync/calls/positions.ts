import { ServiceDiscoveryError } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';
import type { Position, StreamId } from '../messages.js';
import type { StreamPosition } from './outgoing-calls.js';

export interface PositionsOptions {
  readonly clock: Clock;
  readonly position: (stream: StreamId) => Position;
  /** Resolves when everything that has been merged so far can be read. */
  readonly settled: () => Promise<void>;
}

interface Waiter {
  readonly needs: readonly StreamPosition[];
  readonly known: () => void;
}

/** Who waits until this agent knows streams up to somewhere, and its readers see it. */
export class Positions {
  private readonly waiters = new Set<Waiter>();

  constructor(private readonly options: PositionsOptions) {}

  /** Rejects with TIMEOUT after `timeoutMs`. */
  async known(needs: readonly StreamPosition[], timeoutMs: number): Promise<void> {
    if (!this.areKnown(needs)) await this.wait(needs, timeoutMs);
    await this.options.settled();
  }

  /** To be called after each step. */
  look(): void {
    for (const waiter of this.waiters) if (this.areKnown(waiter.needs)) waiter.known();
  }

  private wait(needs: readonly StreamPosition[], timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        cancel();
        this.waiters.delete(waiter);
      };
      const waiter: Waiter = {
        needs,
        known: () => {
          end();
          resolve();
        },
      };
      const cancel = this.options.clock.after(timeoutMs, () => {
        end();
        reject(new ServiceDiscoveryError('TIMEOUT', `done, but not seen here within ${Math.round(timeoutMs)} ms`));
      });
      this.waiters.add(waiter);
    });
  }

  private areKnown(needs: readonly StreamPosition[]): boolean {
    return needs.every((need) => isAtLeast(this.options.position(need.stream), need));
  }
}

/** A later incarnation holds whatever its owner still knew of the one before. */
function isAtLeast(have: Position, need: Position): boolean {
  return have.inc > need.inc || (have.inc === need.inc && have.ver >= need.ver);
}
