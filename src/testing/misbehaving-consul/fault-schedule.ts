import type { Random } from '../../runtime/index.js';

/**
 * What an agent, or whatever stands in its place, can do wrong with one request:
 * `at-once`: answers without waiting, as if there were news; `same-index`: the same, with the index it was asked with;
 * `index-back`: with a smaller one; `index-zero`: with none; `garbage`: bytes that are no JSON; `wrong-content`: JSON of
 * another shape; `half-open`: takes the request and never answers; `slow-drip`: answers a byte now and then, for ever;
 * `error`: 500; `rate-limited`: 429; `reset`: the connection ends amid the answer; `refused`: nobody listens for a while;
 * `space-change`: begins anew, with a new index space and small indexes.
 */
export const FAULTS = [
  'at-once',
  'same-index',
  'index-back',
  'index-zero',
  'garbage',
  'wrong-content',
  'half-open',
  'slow-drip',
  'error',
  'rate-limited',
  'reset',
  'refused',
  'space-change',
] as const;

export type Fault = (typeof FAULTS)[number];
/** `none`: as it should be. */
export type Behaviour = Fault | 'none';

export interface FaultScheduleOptions {
  readonly random: Random;
  /** One for each request in turn; then by chance. */
  readonly script?: readonly Behaviour[];
  /** Share of requests that go wrong by chance, 0 to 1. */
  readonly rate: number;
  /** Which go wrong how; default all ways alike. */
  readonly faults?: readonly Fault[];
}

/** What becomes of each request in turn. The same options and the same random numbers: the same schedule. */
export class FaultSchedule {
  /** How often each was dealt out. */
  readonly counts = new Map<Behaviour, number>();
  private at = 0;
  private calmed = false;

  constructor(private readonly options: FaultScheduleOptions) {}

  next(): Behaviour {
    const behaviour = this.calmed ? 'none' : (this.options.script?.[this.at++] ?? this.byChance());
    this.counts.set(behaviour, (this.counts.get(behaviour) ?? 0) + 1);
    return behaviour;
  }

  /** Nothing goes wrong any more. */
  calm(): void {
    this.calmed = true;
  }

  private byChance(): Behaviour {
    const { random, rate, faults = FAULTS } = this.options;
    if (random.next() >= rate) return 'none';
    return faults[Math.floor(random.next() * faults.length)] ?? 'none';
  }
}
