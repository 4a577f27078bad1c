import { Groups } from '../tables/groups.js';

interface Addressed {
  readonly row: { readonly address: string } | undefined;
}

/**
 * Entries by the address of their row, for reverse DNS: the first of those that share one. Built by the first question,
 * for most agents are never asked. Many may share an address (a whole test fleet on 127.0.0.1), so the first of each is
 * remembered until any address changes.
 */
export class AddressIndex<T extends Addressed> {
  private groups: Groups<T> | undefined;
  private readonly firsts = new Map<string, T>();

  constructor(private readonly isBefore: (a: T, b: T) => boolean) {}

  /** Undefined or '': no address. */
  move(item: T, from: string | undefined, to: string | undefined): void {
    if (!this.groups || from === to) return;
    this.firsts.clear();
    if (from) this.groups.delete(from, item);
    if (to) this.groups.add(to, item);
  }

  first(address: string, all: () => Iterable<T>): T | undefined {
    const known = this.firsts.get(address);
    if (known) return known;
    this.groups ??= group(all());
    let first: T | undefined;
    for (const item of this.groups.get(address)) if (!first || this.isBefore(item, first)) first = item;
    if (first) this.firsts.set(address, first);
    return first;
  }
}

function group<T extends Addressed>(all: Iterable<T>): Groups<T> {
  const groups = new Groups<T>();
  for (const item of all) if (item.row && item.row.address !== '') groups.add(item.row.address, item);
  return groups;
}
