/** What a DueHeap holds. `slot` is the heap's own: the item's place, -1 outside of any heap. */
export interface Due {
  dueMs: number;
  slot: number;
}

/**
 * Binary heap by due time whose items know their place, so that removal is O(log n) as well. One timer for the
 * earliest item serves any number of checks; a timer each would cost 41 ms to arm for 100,000.
 */
export class DueHeap<T extends Due> {
  private readonly items: T[] = [];

  get size(): number {
    return this.items.length;
  }

  peek(): T | undefined {
    return this.items[0];
  }

  push(item: T): void {
    this.items.push(item);
    this.rise(item, this.items.length - 1);
  }

  pop(): T | undefined {
    const first = this.items[0];
    if (first) this.remove(first);
    return first;
  }

  has(item: T): boolean {
    return this.items[item.slot] === item;
  }

  /** Removing what is not in this heap does nothing. */
  remove(item: T): void {
    if (!this.has(item)) return;
    const place = item.slot;
    item.slot = -1;
    const last = this.items.pop() as T;
    if (last === item) return;
    this.sink(last, place);
    this.rise(last, last.slot);
  }

  clear(): void {
    for (const item of this.items) item.slot = -1;
    this.items.length = 0;
  }

  private rise(item: T, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.items[above] as T;
      if (parent.dueMs <= item.dueMs) break;
      this.set(place, parent);
      place = above;
    }
    this.set(place, item);
  }

  private sink(item: T, from: number): void {
    let place = from;
    for (;;) {
      const left = 2 * place + 1;
      let child = this.items[left];
      if (!child) break;
      const right = this.items[left + 1];
      if (right && right.dueMs < child.dueMs) child = right;
      if (child.dueMs >= item.dueMs) break;
      const below = child.slot;
      this.set(place, child);
      place = below;
    }
    this.set(place, item);
  }

  private set(place: number, item: T): void {
    this.items[place] = item;
    item.slot = place;
  }
}
