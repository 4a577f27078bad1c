/** Things to happen, earliest first; of the same time, first come first served. A binary heap. */
export class EventQueue {
  private readonly heap: { readonly atMs: number; readonly order: number; readonly happen: (nowMs: number) => void }[] =
    [];
  private order = 0;

  add(atMs: number, happen: (nowMs: number) => void): void {
    const { heap } = this;
    const event = { atMs, order: this.order++, happen };
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as (typeof heap)[number];
      if (above.atMs < atMs || (above.atMs === atMs && above.order < event.order)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  next(): { readonly atMs: number; readonly happen: (nowMs: number) => void } | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && earlier(heap[child + 1] as Event, heap[child] as Event)) child++;
      if (!earlier(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly happen: (nowMs: number) => void;
}

function earlier(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
