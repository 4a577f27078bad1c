import type { Clock, Logger, Random } from '../../runtime/index.js';
import { step, type SyncState } from '../step/step.js';
import type { Effects, Notice, SyncInput } from '../step/types.js';
import type { Origin } from '../messages.js';
import type { MergeQueue } from './merge-queue.js';
import type { Outbox } from './outbox.js';

export interface EngineOptions {
  readonly state: SyncState;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly merges: MergeQueue;
  readonly outbox: Outbox;
  readonly notice: (notice: Notice) => void;
  /** What that agent said could not be dealt with: a bug, ours or its. */
  readonly offended: (origin: Origin) => void;
  /** Called after each step. */
  readonly stepped: () => void;
}

/**
 * One input after the other into the step, and what follows from it out. An input that comes up while another one is
 * being dealt with waits for its turn, so effects of two steps never mix. Nothing that is put in can throw here.
 */
export class Engine {
  failedSteps = 0;
  private readonly waiting: SyncInput[] = [];
  private isBusy = false;

  constructor(private readonly options: EngineOptions) {}

  take(input: SyncInput): void {
    this.waiting.push(input);
    if (this.isBusy) return;
    this.isBusy = true;
    try {
      for (let next = this.waiting.shift(); next; next = this.waiting.shift()) this.process(next);
    } finally {
      this.isBusy = false;
    }
  }

  private process(input: SyncInput): void {
    const { state, clock, random } = this.options;
    try {
      this.carryOut(step(state, input, { now: clock.now(), wall: clock.wall(), random }));
      this.options.stepped();
    } catch (error) {
      this.fail(input, error);
    }
  }

  private carryOut({ merges, sends, notices }: Effects): void {
    for (const merge of merges) {
      const done = this.options.merges.push(merge);
      if (merge.durability === 'synced') this.options.outbox.holdFor(done);
    }
    this.options.outbox.push(sends);
    for (const notice of notices) this.options.notice(notice);
  }

  private fail(input: SyncInput, error: unknown): void {
    this.failedSteps++;
    const of = input.type === 'message' ? { message: input.message.type, from: input.from } : {};
    const stack = error instanceof Error ? error.stack : undefined;
    this.options.logger.error({ input: input.type, ...of, error, stack }, 'sync.step_failed');
    if (input.type === 'message') this.options.offended(input.from);
  }
}
