import { systemServers } from '../../dns/client/index.js';
import type { DnsClient, DnsRetryOptions, DnsServerAddress } from '../../dns/client/index.js';
import { defaults, invalid, limits, parseOptions } from '../../model/index.js';
import type { Cache } from '../../model/index.js';
import { realClock, realRandom } from '../../runtime/index.js';
import type { Clock, Logger, Random } from '../../runtime/index.js';
import { z } from 'zod';
import { addressPreferences } from './address-order.js';
import type { AddressPreference } from './address-order.js';
import type { LookupRules } from './service-lookup.js';
import { serverEntries } from './server-entries.js';
import { serviceZone } from './service-name.js';
import type { NameLayout } from './service-name.js';
import type { StoredAnswer } from './stored-answer.js';

/**
 * How services are looked up in DNS. Times are numbers of seconds, or have their unit in the name. Everything is optional.
 */
export interface DnsResolverConfig {
  /** What service names end in. Default `service.consul`. */
  readonly domainSuffix?: string;
  /**
   * `consul`: `[TAG.]NAME.service[.DC].DOMAIN`; `plain`: `NAME.SUFFIX`; `srv`: `_NAME._tcp.SUFFIX` (RFC 2782). Default:
   * `consul` for a suffix `service[.DC].consul`, else `plain`.
   */
  readonly layout?: NameLayout;
  /** Of layout `srv`. Default `tcp`. */
  readonly protocol?: string;
  /** Layout `consul`: for calls that name none. Default: that of whom is asked. */
  readonly datacenter?: string;
  /**
   * Servers, the quick and healthy ones asked first: `10.0.0.1`, `10.0.0.1:53`, `[::1]:8600`, `tcp://10.0.0.1`,
   * `tls://host:853#servername`, `https://host/dns-query`, or objects. Default: 127.0.0.1 for layout `consul`, else this
   * machine's resolvers. In layout `consul` those on other machines are asked over TCP unless they begin with `udp://`,
   * since Consul cuts large answers over UDP without saying so.
   */
  readonly dnsServers?: readonly (string | DnsServerAddress)[];
  /** Port of UDP and TCP servers that name none. Default 8600 for layout `consul`, else 53. */
  readonly dnsPort?: number;
  /** Seconds for one server's answer; a whole call has `timeout` × `maxRetries`. Default 5. */
  readonly timeout?: number;
  /** Rounds over all servers. Default 3. */
  readonly maxRetries?: number;
  /** More of the retry policy: waits between rounds, and after which failures there is another. */
  readonly retry?: Omit<DnsRetryOptions, 'attempts'>;
  /** Seconds: no answer is believed for longer, whatever its TTL. Default 30. */
  readonly cacheTtl?: number;
  /** Answers are believed at least this long, whatever their TTL; 0: what their TTL says. Default 0. */
  readonly minTtlMs?: number;
  /** Longest time that "there is none" is believed; shorter when the zone says so (RFC 2308). Default 5,000. */
  readonly negativeTtlMs?: number;
  /** How long after their time answers are served, marked stale, while no server answers (RFC 8767). Default 24 h. */
  readonly staleMs?: number;
  /** How long a call waits for servers before it is served something stale. Default 1,800. */
  readonly staleAfterMs?: number;
  /** A cache shared with other processes behind the one in memory: `createRedisCache`, best sealed (docs/caching.md). One
   * for everybody who asks the same servers. Closed with the resolver. */
  readonly sharedCache?: Cache<StoredAnswer>;
  /** Which address of a target is dialled. Default `ipv4-first`. */
  readonly preference?: AddressPreference;
  /** For names without SRV: their addresses with this port. Default: such a service has no endpoints. */
  readonly port?: number;
  /** For names without SRV: ask for these records (RFC 9460). Default: do not. */
  readonly svcb?: 'SVCB' | 'HTTPS';
  /**
   * Where metadata is: `instance`, TXT of `NAME.instance` as our agent publishes it, and TXT of nodes beside SRV;
   * `target`, TXT of each target; `none`. Default `instance` for layout `consul`, else `none`.
   */
  readonly metadata?: 'instance' | 'target' | 'none';
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Asks in place of the servers above; closed with the resolver. For tests. */
  readonly client?: DnsClient;
}

/** A configuration with every default filled in. */
export interface ResolverSettings {
  readonly rules: LookupRules;
  readonly servers: readonly (string | DnsServerAddress)[];
  readonly serverTimeoutMs: number;
  readonly attempts: number;
  readonly retry: Omit<DnsRetryOptions, 'attempts'>;
  /** Of a whole call. */
  readonly timeoutMs: number;
  readonly clamps: { readonly minTtlMs: number; readonly maxTtlMs: number; readonly negativeTtlMs: number };
  readonly staleMs: number;
  readonly staleAfterMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

const seconds = z
  .number('must be a number of seconds')
  .positive('must be above 0')
  .max(86_400, 'must be a day at most');
const milliseconds = z.number('must be a number').min(0, 'must be 0 or more');
const text = z.string('must be a text').min(1, 'must not be empty');
const port = wholeNumber('must be a port, 1 to 65535', 1, 65_535);
const object = z.custom<object>((value) => typeof value === 'object' && value !== null, 'must be an object');

function wholeNumber(rule: string, least: number, most: number): z.ZodNumber {
  return z.number(rule).int(rule).min(least, rule).max(most, rule);
}

function oneOf<const T extends readonly string[]>(values: T): z.ZodEnum<{ [K in T[number]]: K }> {
  return z.enum(values, `must be one of ${values.join(', ')}`);
}

export const resolverSchema = z.strictObject({
  domainSuffix: text.optional(),
  layout: oneOf(['consul', 'plain', 'srv']).optional(),
  protocol: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,62}$/, 'must be a label such as tcp')
    .optional(),
  datacenter: text.optional(),
  dnsServers: z
    .array(z.union([z.string(), object]), 'must be a list of servers')
    .min(1, 'must not be empty')
    .optional(),
  dnsPort: port.optional(),
  timeout: seconds.optional(),
  maxRetries: wholeNumber(`must be 1 to ${limits.dnsClientRounds}`, 1, limits.dnsClientRounds).optional(),
  retry: object.optional(),
  cacheTtl: z.number('must be a number of seconds').min(0, 'must be 0 or more').optional(),
  minTtlMs: milliseconds.optional(),
  negativeTtlMs: milliseconds.optional(),
  staleMs: milliseconds.optional(),
  staleAfterMs: milliseconds.optional(),
  sharedCache: object.optional(),
  preference: oneOf(addressPreferences).optional(),
  port: port.optional(),
  svcb: oneOf(['SVCB', 'HTTPS']).optional(),
  metadata: oneOf(['instance', 'target', 'none']).optional(),
  logger: object.optional(),
  clock: object.optional(),
  random: object.optional(),
  client: object.optional(),
});

/** Throws INVALID_ARGUMENT naming every option that breaks a rule. */
export function resolverSettings(config: DnsResolverConfig): ResolverSettings {
  parseOptions('DnsResolverConfig', resolverSchema, config);
  const zone = serviceZone(config.domainSuffix ?? defaults.dnsSuffix, config.layout, config.protocol);
  const isConsul = zone.layout === 'consul';
  if (config.datacenter !== undefined && !isConsul) throw onlyIn('consul', 'datacenter');
  if (config.protocol !== undefined && zone.layout !== 'srv') throw onlyIn('srv', 'protocol');
  const serverTimeoutMs = (config.timeout ?? defaults.dnsTimeoutMs / 1000) * 1000;
  const attempts = config.maxRetries ?? defaults.dnsAttempts;
  const maxTtlMs = config.cacheTtl === undefined ? defaults.cacheTtlMs : config.cacheTtl * 1000;
  return {
    rules: {
      zone,
      datacenter: config.datacenter ?? zone.datacenter,
      preference: config.preference ?? 'ipv4-first',
      metadata: config.metadata ?? (isConsul ? 'instance' : 'none'),
      svcb: config.svcb,
      port: config.port,
    },
    servers: serversOf(config, isConsul),
    serverTimeoutMs,
    attempts,
    retry: config.retry ?? {},
    timeoutMs: serverTimeoutMs * attempts,
    clamps: {
      minTtlMs: Math.min(config.minTtlMs ?? 0, maxTtlMs),
      maxTtlMs,
      negativeTtlMs: config.negativeTtlMs ?? defaults.cacheNegativeTtlMs,
    },
    staleMs: config.staleMs ?? defaults.dnsStaleMs,
    staleAfterMs: config.staleAfterMs ?? defaults.cacheStaleAfterMs,
    clock: config.clock ?? realClock,
    random: config.random ?? realRandom,
  };
}

function onlyIn(layout: NameLayout, field: string): Error {
  const rule = `has a place in layout '${layout}' only`;
  return invalid(`DnsResolverConfig: ${field} ${rule}`, [{ field, rule }]);
}

function serversOf(config: DnsResolverConfig, isConsul: boolean): readonly (string | DnsServerAddress)[] {
  const { dnsPort } = config;
  const servers = config.dnsServers ?? (isConsul ? ['127.0.0.1'] : systemServers());
  return serverEntries(servers, dnsPort ?? (isConsul ? defaults.dnsPort : undefined), isConsul);
}
