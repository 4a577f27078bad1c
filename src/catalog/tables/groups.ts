/**
 * Items by a key that several may share (session → keys held, address → nodes). Most groups have one member, so a lone
 * member is held bare and only a second one makes a Set; either way add and delete cost the same for any group size.
 */
export class Groups<T extends object> {
  private readonly groups = new Map<string, T | Set<T>>();

  add(key: string, item: T): void {
    const group = this.groups.get(key);
    if (group === undefined) this.groups.set(key, item);
    else if (group instanceof Set) group.add(item);
    else if (group !== item) this.groups.set(key, new Set([group, item]));
  }

  delete(key: string, item: T): void {
    const group = this.groups.get(key);
    if (group === item) this.groups.delete(key);
    else if (group instanceof Set) {
      group.delete(item);
      if (group.size === 0) this.groups.delete(key);
    }
  }

  get(key: string): readonly T[] {
    const group = this.groups.get(key);
    if (group === undefined) return [];
    return group instanceof Set ? [...group] : [group];
  }
}
