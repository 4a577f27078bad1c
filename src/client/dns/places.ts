/** Where a service is, as its records name it. Pure. */
import type { ResourceRecord } from '../../dns/index.js';
import type { Place } from './endpoint-assembly.js';

type Binding = Extract<ResourceRecord, { readonly type: 'SVCB' | 'HTTPS' }>;

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

export interface Bindings {
  readonly places: readonly BindingPlace[];
  /** Another name to ask instead (AliasMode). */
  readonly alias: string | undefined;
}

/** Keys of RFC 9460 that may be mandatory, since we heed them: alpn, no-default-alpn, port, ipv4hint, ipv6hint. */
const heededKeys: ReadonlySet<number> = new Set([1, 2, 3, 4, 6]);

/**
 * Records in ServiceMode; a record in AliasMode (priority 0) only when there is none (RFC 9460 section 2.4).
 * Those that make anything mandatory that we do not know are left out (section 8).
 */
export function placesOfBindings(records: readonly ResourceRecord[], defaultPort: number): Bindings {
  const bindings = records.filter((one): one is Binding => one.type === 'SVCB' || one.type === 'HTTPS');
  const services = bindings.filter((one) => one.priority > 0);
  const alias = bindings.find((one) => one.priority === 0 && one.target !== '.');
  if (services.length === 0) return { places: [], alias: alias?.target };
  return { places: services.filter(isUnderstood).map((one) => placeOf(one, defaultPort)), alias: undefined };
}

function isUnderstood({ params }: Binding): boolean {
  return params.every((param) => param.key !== 'mandatory' || param.keys.every((key) => heededKeys.has(key)));
}

function placeOf({ name, priority, target, params }: Binding, defaultPort: number): BindingPlace {
  let port = defaultPort;
  let alpn: readonly string[] = [];
  const hints: { A: readonly string[]; AAAA: readonly string[] } = { A: [], AAAA: [] };
  for (const param of params) {
    if (param.key === 'port') port = param.port;
    else if (param.key === 'alpn') alpn = param.protocols;
    else if (param.key === 'ipv4hint') hints.A = param.addresses;
    else if (param.key === 'ipv6hint') hints.AAAA = param.addresses;
  }
  return { target: target === '.' ? name : target, port, priority, weight: 1, alpn, hints };
}
