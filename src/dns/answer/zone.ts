/** Which zone a name is in, and what it asks for there: the grammar of docs/contract.md section 5.1. */
import { foldName, labelEnd, splitName, typeCodes } from '../wire/index.js';
import type { Datacenters } from './datacenters.js';
import type { DnsOptions } from './dns-options.js';

export interface InZone {
  /** The domain as the question spells it. */
  readonly domain: string;
  /** What stands left of it, folded and unescaped. */
  readonly labels: readonly string[];
}

/** The longer of our domains that the name is in. */
export function inZone(name: string, options: DnsOptions): InZone | undefined {
  const folded = foldName(name);
  let best = -1;
  for (const domain of [options.domain, options.altDomain]) {
    const at = domain === '' ? -1 : domainStart(folded, domain);
    if (at >= 0 && (best < 0 || at < best)) best = at;
  }
  if (best < 0) return undefined;
  const left = folded.slice(0, Math.max(0, best - 1));
  return { domain: name.slice(best), labels: left === '' ? [] : splitName(left) };
}

/** Where the domain begins in a name that ends in it, on a label's edge; -1 when it does not. */
function domainStart(name: string, domain: string): number {
  const at = name.length - domain.length;
  if (at < 0 || !name.endsWith(domain)) return -1;
  let edge = 0;
  while (edge < at) edge = labelEnd(name, edge) + 1;
  return edge === at ? at : -1;
}

export type Place =
  | { readonly kind: 'service'; readonly service: string; readonly tag: string }
  | { readonly kind: 'connect' | 'ingress'; readonly service: string }
  /** Ours: `[ID.]NAME.instance`, '' = every instance. */
  | { readonly kind: 'instance'; readonly service: string; readonly id: string }
  | { readonly kind: 'node'; readonly node: string }
  | { readonly kind: 'query'; readonly query: string }
  | { readonly kind: 'addr'; readonly hex: string };

/** Undefined: there is nothing by such a name, whatever the catalogs hold. */
export function locate(
  labels: readonly string[],
  type: number,
  datacenters: Datacenters,
): { readonly place: Place; readonly datacenter: string } | undefined {
  for (let i = labels.length - 1; i >= 0; i--) {
    const word = labels[i] as string;
    const left = labels.slice(0, i);
    let place = placeOf(word, left, datacenters);
    if (place === 'not a kind') {
      // For SRV questions the word `service` may be left out.
      if (type !== typeCodes.SRV || !word.startsWith('_')) continue;
      place = serviceAt(labels.slice(0, i + 1));
    } else if (left.length === 0) return undefined;
    const datacenter = datacenterAt(labels.slice(i + 1), datacenters);
    return place && datacenter !== undefined ? { place, datacenter } : undefined;
  }
  return undefined;
}

/** Which datacenter the labels right of the kind word name: none is ours, `dc1` or (since 1.11) `dc1.dc` that one. */
function datacenterAt(suffix: readonly string[], datacenters: Datacenters): string | undefined {
  const [name, word] = suffix;
  if (name === undefined) return datacenters.own;
  if (suffix.length > 2 || (suffix.length === 2 && word !== 'dc')) return undefined;
  return datacenters.named(name);
}

function placeOf(word: string, left: readonly string[], datacenters: Datacenters): Place | undefined | 'not a kind' {
  const last = left.at(-1) ?? '';
  switch (word) {
    case 'service':
      return serviceAt(left);
    case 'connect':
    case 'ingress':
      return { kind: word, service: last };
    case 'virtual':
      return undefined;
    case 'node':
      return { kind: 'node', node: left.join('.') };
    case 'query':
      return { kind: 'query', query: queryName(left) };
    case 'addr':
      return left.length === 1 ? { kind: 'addr', hex: last } : undefined;
    case 'instance':
      // The word is ours: a datacenter of that name keeps Consul's meaning.
      if (datacenters.named('instance') !== undefined) return 'not a kind';
      return { kind: 'instance', service: last, id: left.slice(0, -1).join('.') };
    default:
      return 'not a kind';
  }
}

/** `_name._tag` (RFC 2782; `_tcp` is any tag), else everything left of the name is one tag. */
function serviceAt(labels: readonly string[]): Place | undefined {
  const [first = '', second = ''] = labels;
  if (labels.length === 2 && first.startsWith('_') && second.startsWith('_')) {
    const tag = second.slice(1);
    return { kind: 'service', service: first.slice(1), tag: tag === 'tcp' ? '' : tag };
  }
  return labels.length === 0
    ? undefined
    : { kind: 'service', service: labels.at(-1) as string, tag: labels.slice(0, -1).join('.') };
}

function queryName(labels: readonly string[]): string {
  const [first = '', second = ''] = labels;
  if (labels.length === 2 && first.startsWith('_') && second === '_tcp') return first.slice(1);
  return labels.join('.');
}
