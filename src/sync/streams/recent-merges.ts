/**
 * Identities that were merged a short while ago. A command may have decided before such a merge and be heard of after it:
 * then the merge came last, and what the catalog shows is not what the records say. Two generations, each for a while.
 */
export class RecentMerges {
  private now = new Set<string>();
  private before = new Set<string>();
  private turnedMs = 0;

  constructor(private readonly forMs: number) {}

  note(keys: Iterable<string>): void {
    for (const key of keys) this.now.add(key);
  }

  has(key: string): boolean {
    return this.now.has(key) || this.before.has(key);
  }

  tick(nowMs: number): void {
    if (nowMs - this.turnedMs < this.forMs) return;
    this.turnedMs = nowMs;
    this.before = this.now;
    this.now = new Set();
  }
}
