/** Where a service is, as its records name it. Pure. */
import { isIPv4, isIPv6 } from 'node:net';
import type { ServiceBinding } from '../../dns/client/index.js';
import type { ResourceRecord } from '../../dns/wire/index.js';
import type { Place } from './endpoint-assembly.js';

/** A target of '.' says that the service is decidedly not there (RFC 2782). */
export function placesOfSrv(records: readonly ResourceRecord[]): Place[] {
  return records.flatMap((record) => {
    if (record.type !== 'SRV' || record.target === '.') return [];
    const { target, port, priority, weight } = record;
    return [{ target, port, priority, weight, alpn: [] }];
  });
}

/** Addresses that a record gives to start with, before its target's own are known. */
export interface BindingPlace extends Place {
  readonly hints: { readonly A: readonly string[]; readonly AAAA: readonly string[] };
}

/** What SVCB or HTTPS records of a name say; `defaultPort` for those that name none. */
export function placesOfBindings(bindings: readonly ServiceBinding[], defaultPort: number): BindingPlace[] {
  return bindings.map(({ target, port = defaultPort, priority, alpn, hints }) => ({
    target,
    port,
    priority,
    weight: 1,
    alpn,
    hints: { A: hints.filter((one) => isIPv4(one)), AAAA: hints.filter((one) => isIPv6(one)) },
  }));
}
