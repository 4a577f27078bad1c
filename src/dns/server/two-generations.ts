/**
 * A cache bounded by count and bytes that costs one Map lookup: items live in the young generation; when it is full it
 * becomes the old one, and what is not asked for again before the next turn is forgotten.
 */
export class TwoGenerations<T extends { readonly bytes: number }> {
  private young = new Map<string, T>();
  private old = new Map<string, T>();
  private youngBytes = 0;

  constructor(
    private readonly maxItems: number,
    private readonly maxBytes: number,
  ) {}

  get(key: string): T | undefined {
    const item = this.young.get(key);
    if (item) return item;
    const older = this.old.get(key);
    if (older) {
      this.old.delete(key);
      this.add(key, older);
    }
    return older;
  }

  add(key: string, item: T): void {
    this.young.set(key, item);
    this.grew(item.bytes);
    if (this.young.size > this.maxItems) this.turn();
  }

  /** An item that was just got takes so many bytes more (or fewer). */
  grew(bytes: number): void {
    this.youngBytes += bytes;
    if (this.youngBytes > this.maxBytes) this.turn();
  }

  private turn(): void {
    this.old = this.young;
    this.young = new Map();
    this.youngBytes = 0;
  }
}
