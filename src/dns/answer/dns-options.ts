import { defaults, limits } from '../../model/index.js';
import { foldName, trimDot } from '../wire/index.js';

/** Consul's `dns_config` and the keys beside it, with units in the names. Everything has a default. */
export interface DnsOptions {
  /** The zone we answer for. */
  readonly domain: string;
  /** A second name for it; '' = none. */
  readonly altDomain: string;
  /** Servers asked for names outside the domain: `ip`, `ip:port`, `[ip]:port`. None: such names are refused. */
  readonly recursors: readonly string[];
  readonly recursorStrategy: 'sequential' | 'random';
  /** For each recursor. */
  readonly recursorTimeoutMs: number;
  /** TTL of node, addr and NS answers. */
  readonly nodeTtlMs: number;
  /** Service name, `prefix*` or `*` → TTL. */
  readonly serviceTtlMs: ReadonlyMap<string, number>;
  /** Leave out instances that warn. */
  readonly onlyPassing: boolean;
  /** Set the TC bit when an answer was cut. */
  readonly enableTruncate: boolean;
  /** Answers over UDP without EDNS; never more than 8. */
  readonly udpAnswerLimit: number;
  /** Address records in an answer over any transport; 0 = no limit. */
  readonly aRecordLimit: number;
  readonly disableCompression: boolean;
  /** Node metadata as TXT in the additional section. */
  readonly nodeMetaTxt: boolean;
  /** Seconds. `minTtl` is the SOA's own TTL too. */
  readonly soa: { readonly refresh: number; readonly retry: number; readonly expire: number; readonly minTtl: number };
  /** Records beside the catalog's, at any name; they hide what the catalog has at that name. */
  readonly records: readonly (StaticRecord | string)[];
  /** Answers a second to one network for one question before some are dropped; 0 = off. Loopback is exempt. */
  readonly responsesPerSecond: number;
  /** Give a server cookie (RFC 7873) to clients that send one. Loopback is exempt. */
  readonly cookies: boolean;
}

/** `data` is the presentation form of RFC 1035, or `\# LENGTH HEX` of RFC 3597. A number as `ttl` is seconds. */
export interface StaticRecord {
  readonly name: string;
  readonly type: string;
  readonly ttl?: string | number | undefined;
  readonly data: string;
}

const defaultOptions: DnsOptions = {
  domain: defaults.domain,
  altDomain: '',
  recursors: [],
  recursorStrategy: 'sequential',
  recursorTimeoutMs: defaults.recursorTimeoutMs,
  nodeTtlMs: 0,
  serviceTtlMs: new Map(),
  onlyPassing: false,
  enableTruncate: false,
  udpAnswerLimit: defaults.udpAnswerLimit,
  aRecordLimit: 0,
  disableCompression: false,
  nodeMetaTxt: true,
  soa: { refresh: 3600, retry: 600, expire: 86_400, minTtl: 0 },
  records: [],
  responsesPerSecond: 0,
  cookies: true,
};

export function dnsOptions(given: Partial<DnsOptions> = {}): DnsOptions {
  const options = { ...defaultOptions, ...given };
  return {
    ...options,
    domain: zoneName(options.domain),
    altDomain: options.altDomain === '' ? '' : zoneName(options.altDomain),
    udpAnswerLimit: Math.min(options.udpAnswerLimit, limits.dnsUdpAnswers),
    serviceTtlMs: new Map([...options.serviceTtlMs].map(([name, ttl]) => [name.toLowerCase(), ttl])),
  };
}

function zoneName(domain: string): string {
  return foldName(trimDot(domain));
}

/** Seconds: the exact name, else the longest `prefix*`, else `*`, else 0 (docs/contract.md section 5.2). */
export function serviceTtl(options: DnsOptions, service: string): number {
  const { serviceTtlMs } = options;
  if (serviceTtlMs.size === 0) return 0;
  const name = service.toLowerCase();
  const exact = serviceTtlMs.get(name);
  if (exact !== undefined) return seconds(exact);
  for (let length = name.length; length >= 0; length--) {
    const found = serviceTtlMs.get(`${name.slice(0, length)}*`);
    if (found !== undefined) return seconds(found);
  }
  return 0;
}

export function nodeTtl(options: DnsOptions): number {
  return seconds(options.nodeTtlMs);
}

export function seconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000));
}
