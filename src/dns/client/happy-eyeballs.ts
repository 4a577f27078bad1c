import { isIPv6 } from 'node:net';

/**
 * The order in which to connect (RFC 8305 section 4): families in turn, the preferred one first, each in the order
 * given. Who connects starts the next 250 ms after the last, and waits 50 ms for AAAA when A was quicker.
 */
export function happyEyeballsOrder<T extends { readonly address: string }>(
  endpoints: readonly T[],
  preferred: 4 | 6 = 6,
): T[] {
  const isFirst = ({ address }: T): boolean => isIPv6(address) === (preferred === 6);
  const first = endpoints.filter(isFirst);
  const second = endpoints.filter((one) => !isFirst(one));
  return Array.from({ length: Math.max(first.length, second.length) }, (_, i) => [first[i], second[i]])
    .flat()
    .filter((one): one is T => one !== undefined);
}
