/** Which addresses of a host are wanted, and in what order callers should try them (RFC 8305 section 4). */

/** `…-first`: the other family when there is none of that one. `…-only`: never the other. */
export type AddressPreference = 'ipv4-first' | 'ipv6-first' | 'ipv4-only' | 'ipv6-only';

export const addressPreferences = ['ipv4-first', 'ipv6-first', 'ipv4-only', 'ipv6-only'] as const;

export type AddressType = 'A' | 'AAAA';

/** Record types to be asked for, the preferred one first. */
export function addressTypes(preference: AddressPreference): readonly AddressType[] {
  return typesOf[preference];
}

const typesOf: Readonly<Record<AddressPreference, readonly AddressType[]>> = {
  'ipv4-only': ['A'],
  'ipv6-only': ['AAAA'],
  'ipv4-first': ['A', 'AAAA'],
  'ipv6-first': ['AAAA', 'A'],
};

/** Families take turns, the first list's begins; the order within each is kept. */
export function interleaved(first: readonly string[], second: readonly string[]): string[] {
  const longer = Math.max(first.length, second.length);
  return Array.from({ length: longer }, (_, i) => [...first.slice(i, i + 1), ...second.slice(i, i + 1)]).flat();
}
