import type { BlockingTurn, ConsulAnswer } from '../../consul/index.js';
import { ServiceDiscoveryError } from '../../model/index.js';
import type { Clock, Random } from '../../runtime/index.js';
import { FaultSchedule } from './fault-schedule.js';
import type { Behaviour, Fault, FaultScheduleOptions } from './fault-schedule.js';
import { ServedValue, shownIndex } from './served-value.js';

export interface MisbehavingReadOptions<T> extends FaultScheduleOptions {
  readonly clock: Clock;
  readonly value: T;
}

/**
 * A blocking read without a socket, with the faults of `createMisbehavingConsul` on the given clock: thousands of schedules
 * pass in seconds. A hanging read ends when its signal aborts, or never, by chance.
 */
export class MisbehavingRead<T> {
  readonly schedule: FaultSchedule;
  /** When each request came, ms. */
  readonly askedAt: number[] = [];
  private readonly served: ServedValue<T>;
  private readonly clock: Clock;
  private readonly random: Random;
  private refusedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: MisbehavingReadOptions<T>) {
    this.schedule = new FaultSchedule(options);
    this.served = new ServedValue(options.value, 'space');
    this.clock = options.clock;
    this.random = options.random;
  }

  get value(): T {
    return this.served.value;
  }

  set(value: T): void {
    this.served.set(value);
  }

  calm(): void {
    this.schedule.calm();
    this.refusedUntil = Number.NEGATIVE_INFINITY;
  }

  readonly read = async (turn: BlockingTurn): Promise<ConsulAnswer<T>> => {
    const { clock } = this;
    this.askedAt.push(clock.now());
    if (clock.now() < this.refusedUntil) throw failure('UNAVAILABLE', 'connection refused');
    const behaviour = this.schedule.next();
    if (behaviour === 'none') {
      await this.newer(turn);
      return this.answer(behaviour, turn);
    }
    return this.fail(behaviour, turn);
  };

  private async fail(fault: Fault, turn: BlockingTurn): Promise<ConsulAnswer<T>> {
    switch (fault) {
      case 'at-once':
      case 'same-index':
      case 'index-back':
      case 'index-zero':
        return this.answer(fault, turn);
      case 'space-change':
        this.served.beginAnew();
        return this.answer('none', turn);
      case 'half-open':
      case 'slow-drip':
        return hang(turn.signal, this.random.next() < 0.5);
      case 'garbage':
      case 'wrong-content':
        throw failure('INTERNAL', 'something that is not JSON');
      case 'error':
        throw failure('INTERNAL', 'rpc error');
      case 'rate-limited':
        throw failure('RATE_LIMITED', 'too many requests', { retryAfterMs: 1_000 });
      case 'reset':
        await this.after(this.random.next() * 200);
        throw failure('UNAVAILABLE', 'connection closed');
      default:
        // Refused.
        this.refusedUntil = this.clock.now() + this.random.next() * 5_000;
        throw failure('UNAVAILABLE', 'connection refused');
    }
  }

  /** Resolves when there is something newer than the turn's index, or its wait is over. */
  private newer({ index, waitMs, signal }: BlockingTurn): Promise<void> {
    const until = this.clock.now() + waitMs * (1 + this.random.next() / 16);
    const { space } = this.served;
    return new Promise((resolve, reject) => {
      let leave: (() => void) | undefined;
      const end = (): void => {
        leave?.();
        cancel();
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        end();
        reject(signal.reason as Error);
      };
      const look = (): void => {
        const isNewer = index === 0 || this.served.index > index || this.served.space !== space;
        if (!isNewer && this.clock.now() < until) {
          leave = this.served.wait(look);
          return;
        }
        end();
        resolve();
      };
      const cancel = this.clock.after(until - this.clock.now(), look);
      signal.addEventListener('abort', onAbort);
      look();
    });
  }

  private answer(behaviour: Behaviour, turn: BlockingTurn): ConsulAnswer<T> {
    const { value, index, space } = this.served;
    return {
      value,
      status: 200,
      index: shownIndex(behaviour, turn.index, index),
      indexSpace: space,
      knownLeader: true,
      lastContactMs: 0,
      address: 'memory',
      header: () => undefined,
    };
  }

  private after(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.after(ms, resolve));
  }
}

function failure(code: 'INTERNAL' | 'RATE_LIMITED' | 'UNAVAILABLE', message: string, details = {}): Error {
  return new ServiceDiscoveryError(code, message, { details });
}

function hang<T>(signal: AbortSignal, listens: boolean): Promise<T> {
  return new Promise((_, reject) => {
    if (listens) signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
