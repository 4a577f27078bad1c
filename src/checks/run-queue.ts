import { type Due, DueHeap } from './due-heap.js';

export interface Queued extends Due {
  /** What the limit per target counts by; '' is not counted. */
  readonly target: string;
}

interface Lane<T extends Queued> {
  /** Started, or ready to. */
  admitted: number;
  readonly waiting: DueHeap<T>;
}

/**
 * Which due check starts next: at most `atOnce` in all and `perTarget` for one target, the longest due first. A target
 * that is at its limit keeps its own line, so that it does not block the checks of others.
 */
export class RunQueue<T extends Queued> {
  private readonly ready = new DueHeap<T>();
  private readonly lanes = new Map<string, Lane<T>>();
  private running = 0;
  private waiting = 0;

  constructor(
    private readonly atOnce: number,
    private readonly perTarget: number,
  ) {}

  get inFlight(): number {
    return this.running;
  }

  get queued(): number {
    return this.waiting;
  }

  /** The check fell due. */
  enqueue(item: T): void {
    this.waiting++;
    const lane = this.laneOf(item);
    if (lane && lane.admitted >= this.perTarget) return lane.waiting.push(item);
    if (lane) lane.admitted++;
    this.ready.push(item);
  }

  /** The next to start, which holds its place until `release`; undefined when nothing may start. */
  take(): T | undefined {
    if (this.running >= this.atOnce) return undefined;
    const item = this.ready.pop();
    if (!item) return undefined;
    this.waiting--;
    this.running++;
    return item;
  }

  /** A run that `take` gave has ended. */
  release(item: T): void {
    this.running--;
    this.leaveLane(item);
  }

  /** A queued check is not wanted any more. */
  withdraw(item: T): void {
    const lane = this.lanes.get(item.target);
    if (this.ready.has(item)) {
      this.ready.remove(item);
      this.waiting--;
      this.leaveLane(item);
    } else if (lane?.waiting.has(item)) {
      lane.waiting.remove(item);
      this.waiting--;
    }
  }

  private laneOf({ target }: T): Lane<T> | undefined {
    if (target === '') return undefined;
    const known = this.lanes.get(target);
    if (known) return known;
    const lane: Lane<T> = { admitted: 0, waiting: new DueHeap<T>() };
    this.lanes.set(target, lane);
    return lane;
  }

  /** Its place goes to the next in line, which thereby is ready. */
  private leaveLane({ target }: T): void {
    const lane = this.lanes.get(target);
    if (!lane) return;
    const next = lane.waiting.pop();
    if (next) this.ready.push(next);
    else if (--lane.admitted === 0) this.lanes.delete(target);
  }
}
