import { Groups } from '../tables/groups.js';

/**
 * Rows by address, for reverse DNS: the first by name of those that share one. Many may share an address (a whole test
 * fleet on 127.0.0.1), so the first is remembered until any address changes.
 */
export class AddressIndex<T extends object> {
  private readonly groups = new Groups<T>();
  private readonly firsts = new Map<string, T>();

  constructor(private readonly before: (a: T, b: T) => boolean) {}

  move(from: { address: string; item: T } | undefined, to: { address: string; item: T } | undefined): void {
    this.firsts.clear();
    if (from && from.address !== '') this.groups.delete(from.address, from.item);
    if (to && to.address !== '') this.groups.add(to.address, to.item);
  }

  first(address: string): T | undefined {
    const known = this.firsts.get(address);
    if (known) return known;
    let first: T | undefined;
    for (const item of this.groups.get(address)) if (!first || this.before(item, first)) first = item;
    if (first) this.firsts.set(address, first);
    return first;
  }
}
