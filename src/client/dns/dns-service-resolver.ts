import { setMaxListeners } from 'node:events';
import { createLoadingCache, createMemoryCache, createTieredCache } from '../../cache/index.js';
import { createDnsClient, happyEyeballsOrder } from '../../dns/client/index.js';
import { typeName } from '../../dns/wire/index.js';
import type { ResourceRecord } from '../../dns/wire/index.js';
import { defaults, isDiscoveryError, ServiceDiscoveryError } from '../../model/index.js';
import type { Cache, CallOptions } from '../../model/index.js';
import { withinCall } from '../../runtime/index.js';
import type { Clock } from '../../runtime/index.js';
import { addressTypes } from './address-order.js';
import { checkQueryOptions, checkResolveOptions } from './call-options.js';
import type { DnsQueryOptions, DnsResolveOptions } from './call-options.js';
import type { DnsEndpointSet, DnsServiceEndpoint } from './dns-endpoint.js';
import { resolverSettings } from './dns-resolver-config.js';
import type { DnsResolverConfig, ResolverSettings } from './dns-resolver-config.js';
import { DnsStats } from './dns-stats.js';
import type { DnsStatsReading } from './dns-stats.js';
import { hostAddresses } from './host-addresses.js';
import { inAll } from './in-all.js';
import { fulfils } from './metadata-filter.js';
import { RecordCache } from './record-cache.js';
import type { KnownAnswer, LookupOptions } from './record-cache.js';
import { ServiceLookup } from './service-lookup.js';
import { checkedName } from './service-name.js';
import type { NameLayout } from './service-name.js';
import { withAnswersOnly } from './stored-answer.js';
import type { StoredAnswer } from './stored-answer.js';

/** What DNS says to one question. */
export interface DnsQueryResult {
  readonly name: string;
  /** `SRV`, `TYPE65280`. */
  readonly type: string;
  /** `nodata`: the name is there, records of the type are not. */
  readonly outcome: 'records' | 'nodata' | 'nxdomain';
  /** Those of types that have no form here are `{ type: 'UNKNOWN', code, rdata }`. */
  readonly records: readonly ResourceRecord[];
  /** CNAMEs that led there. */
  readonly aliases: readonly ResourceRecord[];
  /** How long it may still be believed; 30 for an answer past its time (RFC 8767 section 4). */
  readonly ttlSeconds: number;
  readonly ageMs: number;
  readonly stale: boolean;
  /** Why it is stale. */
  readonly error?: ServiceDiscoveryError;
  readonly authoritative: boolean;
  /** What the server said beside (RFC 8914). */
  readonly extendedErrors: readonly { readonly code: number; readonly text: string }[];
  /** Who answered: `udp://127.0.0.1:8600`. */
  readonly server: string;
}

/** Services, hosts and any other records out of DNS, kept for as long as their TTL allows. Asks nobody until used. */
export class DnsServiceResolver implements AsyncDisposable {
  /** How names are made, as configured or known by the suffix. */
  readonly layout: NameLayout;
  private readonly settings: ResolverSettings;
  private readonly records: RecordCache;
  private readonly counters = new DnsStats();
  private readonly closeParts: () => Promise<void>;
  private isClosed = false;

  /** Throws INVALID_ARGUMENT naming every option and server entry that breaks a rule. */
  constructor(private readonly config: DnsResolverConfig = {}) {
    this.settings = resolverSettings(config);
    this.layout = this.settings.rules.zone.layout;
    const { settings } = this;
    const { clock, random, clamps } = settings;
    const client =
      config.client ??
      createDnsClient({
        servers: settings.servers,
        timeoutMs: settings.serverTimeoutMs,
        retry: { ...settings.retry, attempts: settings.attempts },
        clock,
        random,
        ...(config.logger && { logger: config.logger }),
      });
    const cache = createLoadingCache<StoredAnswer>({
      name: 'dns',
      cache: cacheFor(config.sharedCache, clock),
      clock,
      random,
      staleMs: settings.staleMs,
      staleAfterMs: settings.staleAfterMs,
      negativeTtlMs: clamps.negativeTtlMs,
      // A TTL is a promise of the zone's owner: nothing past it is served while a server answers.
      revalidateMs: 0,
      prefetch: true,
      xfetchBeta: 0,
      indexSpace: '',
      loadTimeoutMs: settings.timeoutMs,
    });
    this.records = new RecordCache(client, cache, this.counters, clamps);
    this.closeParts = async () => {
      await cache.close();
      await client.close();
    };
  }

  /**
   * Where a service is, in RFC 2782's order: lower priorities first, drawn by weight among equals, so that going through
   * the list from the beginning is right. An empty set when there is none. Rejects with UNAVAILABLE or TIMEOUT when no
   * server answered and nothing is known; `details.dns` tells why. `timeoutMs`: `timeout` × `maxRetries`.
   */
  async resolveService(service: string, options: DnsResolveOptions = {}): Promise<DnsEndpointSet> {
    checkResolveOptions(options);
    const { rules, random } = this.settings;
    const { metadata } = options;
    const datacenter = options.datacenter ?? this.config.datacenter;
    const found = await this.within(called('service', service), options, async (bounds) => {
      const lookups = tagsOf(options).map((tag) => {
        const words = { service, ...(datacenter !== undefined && { datacenter }), ...(tag !== undefined && { tag }) };
        return new ServiceLookup(this.records, rules, words, { ...bounds, isFiltered: metadata !== undefined }, random);
      });
      const sets = await Promise.all(lookups.map((lookup) => lookup.run()));
      if (metadata && !lookups.some((lookup) => lookup.knowsMetadata)) this.refuseBlindFilter(service, sets);
      return inAll(sets);
    });
    this.counters.unresolvedTargets += found.unresolved.length;
    const chosen = metadata ? found.endpoints.filter((one) => fulfils(one.metadata, metadata)) : found.endpoints;
    return { ...found, endpoints: chosen };
  }

  /** One endpoint by RFC 2782's draw. NO_ENDPOINTS when there is none, with `details.dns` NXDOMAIN or NODATA. */
  async resolveOne(service: string, options: DnsResolveOptions = {}): Promise<DnsServiceEndpoint> {
    const set = await this.resolveService(service, options);
    const [first] = set.endpoints;
    if (first) return first;
    throw new ServiceDiscoveryError('NO_ENDPOINTS', `DNS has no endpoints of ${service}: ${whyNone(set)}`, {
      details: { service, ...(set.outcome !== 'records' && { dns: set.outcome.toUpperCase() }) },
    });
  }

  /**
   * The addresses of a host in the order to try them (RFC 8305): families take turns, the preferred one first. NOT_FOUND
   * when there are none, with `details.dns` NXDOMAIN or NODATA.
   */
  async resolveAddresses(host: string, options: DnsQueryOptions = {}): Promise<readonly string[]> {
    checkQueryOptions(options);
    const name = checkedName('host', host);
    const types = addressTypes(this.settings.rules.preference);
    const { A, AAAA, answers } = await this.within(`looking up host ${name}`, options, (bounds) =>
      hostAddresses(types, (type) => this.records.query(name, type, bounds)),
    );
    const found = [...A, ...AAAA].map((address) => ({ address }));
    const addresses = happyEyeballsOrder(found, types[0] === 'A' ? 4 : 6);
    if (addresses.length > 0) return addresses.map(({ address }) => address);
    const dns = answers.some(({ answer }) => answer.outcome === 'nxdomain') ? 'NXDOMAIN' : 'NODATA';
    throw new ServiceDiscoveryError('NOT_FOUND', `${name} has no address of the wanted kind: ${dns}`, {
      details: { dns },
    });
  }

  /** Records of any type: a name such as MX or TYPE65280, or a number. That there are none is an answer, not an error. */
  async query(name: string, type: string | number, options: DnsQueryOptions = {}): Promise<DnsQueryResult> {
    checkQueryOptions(options);
    const checked = checkedName('name', name);
    return this.within(called('records of', checked), options, async (bounds) =>
      resultOf(await this.records.query(checked, type, bounds)),
    );
  }

  /** Counters since the start. */
  stats(): DnsStatsReading {
    return this.counters.read();
  }

  /** Calls under way end with CLOSED. Harmless twice. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.closeParts();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Endpoints of which nobody tells the metadata do not fail a filter: it cannot be judged. */
  private refuseBlindFilter(service: string, sets: readonly DnsEndpointSet[]): void {
    if (sets.every(({ endpoints }) => endpoints.length === 0)) return;
    const [failed] = sets.flatMap(({ unresolved }) => unresolved);
    if (failed) throw failed.error;
    const { metadata } = this.settings.rules;
    const code = metadata === 'none' ? 'UNSUPPORTED' : 'UNAVAILABLE';
    const where = {
      none: "the configuration says metadata: 'none'",
      instance: 'NAME.instance has no TXT',
      target: 'its targets have no TXT',
    };
    throw new ServiceDiscoveryError(code, `nobody tells the metadata of service ${service}: ${where[metadata]}`, {
      details: { service },
    });
  }

  private within<T>(
    what: string,
    { signal, timeoutMs = this.settings.timeoutMs, useCache = true }: DnsQueryOptions,
    work: (options: LookupOptions) => Promise<T>,
  ): Promise<T> {
    if (this.isClosed) return Promise.reject(new ServiceDiscoveryError('CLOSED', 'the DNS resolver is closed'));
    const bounds: CallOptions & { timeoutMs: number } = { timeoutMs, ...(signal && { signal }) };
    const call = withinCall(this.settings.clock, what, bounds, ({ signal, leftMs }) => {
      // Every question of the call listens; ten of them would be taken for a leak.
      setMaxListeners(0, signal);
      return work({ signal, leftMs, fresh: !useCache });
    });
    return call.catch((error: unknown) => {
      const isOurs = isDiscoveryError(error, 'TIMEOUT') && error.details['dns'] === undefined;
      throw isOurs ? dnsTimeout(what, timeoutMs, error) : error;
    });
  }
}

function cacheFor(shared: Cache<StoredAnswer> | undefined, clock: Clock): Cache<StoredAnswer> {
  const first = createMemoryCache<StoredAnswer>({ clock });
  return shared ? createTieredCache({ first, second: withAnswersOnly(shared), clock }) : first;
}

/** A call whose time was shorter than that of the servers has run out of it. */
function dnsTimeout(what: string, timeoutMs: number, cause: unknown): ServiceDiscoveryError {
  const message = `${what}: no DNS answer within ${timeoutMs} ms`;
  return new ServiceDiscoveryError('TIMEOUT', message, { cause, details: { dns: 'timeout' } });
}

function whyNone({ outcome, endpoints, unresolved }: DnsEndpointSet): string {
  if (outcome === 'nxdomain') return 'there is no such name';
  if (outcome === 'nodata') return 'the name has no record that tells where it is';
  return endpoints.length === 0 && unresolved.length > 0 ? 'their names cannot be resolved' : 'none that is wanted';
}

function resultOf({ answer, ttlMs, ageMs, stale, error }: KnownAnswer): DnsQueryResult {
  const { name, outcome, records, aliases, authoritative, extendedErrors, server } = answer;
  const ttlSeconds = stale ? defaults.dnsStaleTtl : Math.ceil(ttlMs / 1000);
  const type = typeName(answer.type);
  return {
    name,
    type,
    outcome,
    records,
    aliases,
    ttlSeconds,
    ageMs,
    stale,
    ...(error && { error }),
    authoritative,
    extendedErrors,
    server,
  };
}

/** Each to be asked for; undefined for none. */
function tagsOf({ tag }: DnsResolveOptions): readonly (string | undefined)[] {
  if (tag === undefined || tag.length === 0) return [undefined];
  return typeof tag === 'string' ? [tag] : [...new Set(tag.map((one) => one.toLowerCase()))];
}

/** What is done, for messages; a name that is no text is refused later, in words. */
function called(what: string, name: unknown): string {
  return typeof name === 'string' ? `looking up ${what} ${name}` : `looking up ${what}`;
}
