/** What an answer brought along about the names in it. Pure. */
import { foldName } from '../../dns/wire/index.js';
import type { ResourceRecord } from '../../dns/wire/index.js';
import { limits } from '../../model/index.js';
import type { AddressType } from './address-order.js';
import type { KnownAnswer } from './record-cache.js';

export interface Beside {
  readonly A: readonly string[];
  readonly AAAA: readonly string[];
  readonly texts: readonly ResourceRecord[];
  /** How long what is here may still be used, ms. */
  readonly ttlMs: number;
}

/**
 * Records beside an answer that belong to a target, along CNAMEs. Those whose own time is over are left out, unless the
 * answer itself is served stale: then nothing better is to be had.
 */
export function recordsBeside({ answer, ageMs, isNew, stale }: KnownAnswer, target: string): Beside {
  const byName = new Map<string, ResourceRecord[]>();
  for (const record of answer.additionals) {
    if (!stale && !isNew && record.ttl * 1000 < ageMs) continue;
    const name = foldName(record.name);
    byName.set(name, [...(byName.get(name) ?? []), record]);
  }
  const chain = along(byName, foldName(target));
  const there = chain.flatMap((name) => byName.get(name) ?? []);
  const addressesOf = (type: AddressType): string[] =>
    there.flatMap((record) => (record.type === type ? [record.address] : []));
  return {
    A: addressesOf('A'),
    AAAA: addressesOf('AAAA'),
    texts: (byName.get(foldName(target)) ?? []).filter((record) => record.type === 'TXT'),
    ttlMs: stale ? 0 : Math.max(0, Math.min(...there.map((record) => record.ttl * 1000 - ageMs))),
  };
}

function along(byName: ReadonlyMap<string, readonly ResourceRecord[]>, from: string): string[] {
  const chain = [from];
  while (chain.length <= limits.dnsAliasesBeside) {
    const alias = byName.get(chain.at(-1) as string)?.find((record) => record.type === 'CNAME');
    const next = alias?.type === 'CNAME' ? foldName(alias.target) : undefined;
    if (next === undefined || chain.includes(next)) break;
    chain.push(next);
  }
  return chain;
}
