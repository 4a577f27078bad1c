/** How often what happened: a fault that never happens is a defect of the simulator. */
export class Tally {
  readonly counts = new Map<string, number>();

  count(what: string, times = 1): void {
    if (times > 0) this.counts.set(what, (this.counts.get(what) ?? 0) + times);
  }

  add(other: Tally): void {
    for (const [what, times] of other.counts) this.count(what, times);
  }
}
