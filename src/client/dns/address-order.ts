/** Which addresses of a host are wanted, and which of them rather. */

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
