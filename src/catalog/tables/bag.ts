/**
 * A few items by key, or very many. A node usually has one to eight services and checks, for which a Map costs several
 * times its content; our own node may have a hundred thousand. An array up to `FEW`, a Map beyond, never back.
 */
const FEW = 8;

export class Bag<T> {
  private items: T[] | Map<string, T> = [];

  constructor(private readonly keyOf: (item: T) => string) {}

  get size(): number {
    return Array.isArray(this.items) ? this.items.length : this.items.size;
  }

  get(key: string): T | undefined {
    if (!Array.isArray(this.items)) return this.items.get(key);
    for (const item of this.items) if (this.keyOf(item) === key) return item;
    return undefined;
  }

  set(item: T): void {
    const key = this.keyOf(item);
    if (Array.isArray(this.items)) {
      const at = this.items.findIndex((other) => this.keyOf(other) === key);
      if (at >= 0) {
        this.items[at] = item;
        return;
      }
      if (this.items.length < FEW) {
        // concat makes an array of exactly its length; push and spread reserve room for seventeen.
        this.items = this.items.concat([item]);
        return;
      }
      this.items = new Map(this.items.map((other) => [this.keyOf(other), other]));
    }
    this.items.set(key, item);
  }

  delete(key: string): void {
    if (!Array.isArray(this.items)) {
      this.items.delete(key);
      return;
    }
    const at = this.items.findIndex((item) => this.keyOf(item) === key);
    if (at >= 0) this.items.splice(at, 1);
  }

  values(): Iterable<T> {
    return Array.isArray(this.items) ? this.items : this.items.values();
  }
}
