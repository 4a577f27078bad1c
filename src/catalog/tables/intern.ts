/**
 * One object for equal values. Rows come from decoders, each with its own copies of the same few words, tag lists and
 * metadata; sharing them is what keeps an instance in memory small. Only vocabulary goes through the pool (service
 * names, tags, meta, types, intervals…), never what is unique to a row.
 *
 * Keys of lists and maps carry lengths, so that no two different values share one whatever characters they hold.
 * The pool forgets everything when full: later equal values are then shared among themselves, so the bound costs some
 * sharing and nothing else.
 */
import { limits } from '../../model/index.js';
import type { StringMap, TaggedAddress, Weights } from '../../model/index.js';

const NONE: readonly string[] = Object.freeze([]);

export class InternPool {
  private strings = new Map<string, string>();
  private lists = new Map<string, readonly string[]>();
  private maps = new Map<string, StringMap>();
  private weightings = new Map<string, Weights>();

  /** `like`: what it probably equals (the row before it); comparing is several times cheaper than looking up. */
  string(value: string, like = ''): string {
    if (value === like) return like;
    return value === '' ? '' : shared(this.strings, value, value);
  }

  list(value: readonly string[], like = NONE): readonly string[] {
    if (value.length === 0) return NONE;
    if (value.length === like.length && value.every((item, i) => item === like[i])) return like;
    let key = '';
    for (const item of value) key += `${item.length}:${item}`;
    return shared(this.lists, key, value);
  }

  map(value: StringMap | null): StringMap | null {
    if (value === null) return null;
    let key = '';
    for (const name of Object.keys(value)) {
      const item = value[name] as string;
      key += `${name.length}:${item.length}:${name}${item}`;
    }
    return shared(this.maps, key, value);
  }

  weights(value: Weights): Weights {
    return shared(this.weightings, `${value.Passing}/${value.Warning}`, value);
  }
}

function shared<T>(pool: Map<string, T>, key: string, value: T): T {
  const known = pool.get(key);
  if (known !== undefined) return known;
  if (pool.size >= limits.internedValues) pool.clear();
  pool.set(key, value);
  return value;
}

/** `value`, or the equal string that is already held elsewhere. */
export function sameAs(value: string, held: string | undefined): string {
  return held === value ? held : value;
}

/**
 * Tagged addresses mostly repeat the row's own address, and lan repeats wan. The pair that an agent derives from an
 * IPv4 address (docs/contract.md section 3.2) is nearly every case, and worth not going through lists of entries.
 */
export function slimTaggedAddresses(
  value: Readonly<Record<string, TaggedAddress>> | null,
  address: string,
): Readonly<Record<string, TaggedAddress>> | null {
  if (value === null) return null;
  const names = Object.keys(value);
  const first = value[names[0] ?? ''];
  if (!first) return value;
  const slim: TaggedAddress = { Address: sameAs(first.Address, address), Port: first.Port };
  const { lan_ipv4: lan, wan_ipv4: wan } = value;
  if (names.length === 2 && lan && wan && sameAddress(lan, wan)) return { lan_ipv4: slim, wan_ipv4: slim };
  return Object.fromEntries(
    Object.entries(value).map(([name, tagged]) => [name, sameAddress(tagged, slim) ? slim : tagged]),
  );
}

function sameAddress(a: TaggedAddress, b: TaggedAddress): boolean {
  return a.Address === b.Address && a.Port === b.Port;
}
