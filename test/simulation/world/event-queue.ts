/** What will happen, in order of its time, then of its setting. A binary heap; cancelled events are skipped when due. */
export interface Timer {
  readonly atMs: number;
  cancel(): void;
}

class Event implements Timer {
  cancelled = false;

  constructor(
    readonly atMs: number,
    readonly order: number,
    readonly happen: () => void,
  ) {}

  cancel(): void {
    this.cancelled = true;
  }
}

export class EventQueue {
  nowMs = 0;
  /** How many events happened: the cost of a run. */
  count = 0;
  private readonly heap: Event[] = [];
  private order = 0;

  at(atMs: number, happen: () => void): Timer {
    const event = new Event(Math.max(this.nowMs, atMs), this.order++, happen);
    this.push(event);
    return event;
  }

  after(delayMs: number, happen: () => void): Timer {
    return this.at(this.nowMs + delayMs, happen);
  }

  /** Lets everything up to `untilMs` happen, or until `enough`. */
  run(untilMs: number, enough: () => boolean = () => false): void {
    for (let next = this.heap[0]; next && next.atMs <= untilMs; next = this.heap[0]) {
      this.pop();
      if (next.cancelled) continue;
      this.nowMs = next.atMs;
      this.count++;
      next.happen();
      if (enough()) return;
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  /** The same for things that go on with promises: each event is over when all that it set off has come to wait. */
  async runWhole(untilMs: number): Promise<void> {
    for (let next = this.heap[0]; next && next.atMs <= untilMs; next = this.heap[0]) {
      this.pop();
      if (next.cancelled) continue;
      this.nowMs = next.atMs;
      this.count++;
      next.happen();
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  private push(event: Event): void {
    const { heap } = this;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!before(event, heap[above] as Event)) break;
      heap[at] = heap[above] as Event;
      at = above;
    }
    heap[at] = event;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && before(heap[below + 1] as Event, heap[below] as Event)) below++;
      if (!before(heap[below] as Event, last)) break;
      heap[at] = heap[below] as Event;
      at = below;
    }
    heap[at] = last;
  }
}

function before(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
