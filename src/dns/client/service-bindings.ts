/** SVCB and HTTPS records as a client is to use them (RFC 9460 sections 2.4, 2.5, 7, 8). */
import { realRandom, shuffled } from '../../runtime/index.js';
import type { Random } from '../../runtime/index.js';
import type { ResourceRecord, SvcParam } from '../wire/index.js';

/** One way to reach a service. */
export interface ServiceBinding {
  readonly priority: number;
  /** Never '.': that is the owner of the record. */
  readonly target: string;
  /** Undefined: the one the caller would use without the record. */
  readonly port: number | undefined;
  readonly alpn: readonly string[];
  /** Whether the scheme's own protocol (HTTP/1.1 for https) is offered beside `alpn`. */
  readonly hasDefaultAlpn: boolean;
  /** Addresses to begin with until the target's own are known. */
  readonly hints: readonly string[];
  readonly params: readonly SvcParam[];
}

export type ServiceBindings =
  /** Ask the same of another name. */
  | { readonly mode: 'alias'; readonly target: string }
  /** The owner says that there is no such service. */
  | { readonly mode: 'unavailable' }
  /** By priority, at random among equals; empty when there is none that we understand. */
  | { readonly mode: 'service'; readonly bindings: readonly ServiceBinding[] };

type BindingRecord = Extract<ResourceRecord, { readonly type: 'SVCB' | 'HTTPS' }>;

/** Keys that a record may declare mandatory: those of RFC 9460. */
const understood: readonly number[] = [1, 2, 3, 4, 6];

export function orderServiceBindings(records: readonly ResourceRecord[], random: Random = realRandom): ServiceBindings {
  const bindings = records.filter(
    (record): record is BindingRecord => record.type === 'SVCB' || record.type === 'HTTPS',
  );
  const [alias] = shuffled(
    bindings.filter(({ priority }) => priority === 0),
    random,
  );
  if (alias) return alias.target === '.' ? { mode: 'unavailable' } : { mode: 'alias', target: alias.target };
  const usable = shuffled(bindings.filter(isUnderstood), random).toSorted((a, b) => a.priority - b.priority);
  return { mode: 'service', bindings: usable.map(bindingOf) };
}

/** A record with a mandatory key that is unknown or missing is to be ignored, and one without any default it can use. */
function isUnderstood({ params }: BindingRecord): boolean {
  const mandatory = params.flatMap((param) => (param.key === 'mandatory' ? param.keys : []));
  if (!mandatory.every((key) => understood.includes(key))) return false;
  return !params.some(({ key }) => key === 'no-default-alpn') || params.some(({ key }) => key === 'alpn');
}

function bindingOf({ name, priority, target, params }: BindingRecord): ServiceBinding {
  return {
    priority,
    target: target === '.' ? name : target,
    port: params.flatMap((param) => (param.key === 'port' ? param.port : []))[0],
    alpn: params.flatMap((param) => (param.key === 'alpn' ? param.protocols : [])),
    hasDefaultAlpn: !params.some(({ key }) => key === 'no-default-alpn'),
    hints: [...hintsOf(params, 'ipv6hint'), ...hintsOf(params, 'ipv4hint')],
    params,
  };
}

function hintsOf(params: readonly SvcParam[], key: 'ipv4hint' | 'ipv6hint'): readonly string[] {
  return params.flatMap((param) => (param.key === key ? param.addresses : []));
}
