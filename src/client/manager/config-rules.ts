import { isIPv6 } from 'node:net';
import { z } from 'zod';
import {
  isDiscoveryError,
  limits,
  optionViolations,
  parseDuration,
  refusal,
  type Violation,
} from '../../model/index.js';
import { checkLastKnownGood } from '../../cache/index.js';
import { planRegistration } from '../registration/registration-body.js';
import { checkBalancing } from '../resolution/balancing.js';
import type { ServiceDiscoveryConfig } from './config.js';

/** Throws INVALID_ARGUMENT naming every option that breaks a rule; an unknown one comes with the nearest known name. */
export function checkConfig(config: ServiceDiscoveryConfig): void {
  const broken = optionViolations(schema, config);
  // Of a configuration that has not even its shape no further rule can be judged.
  const violations = broken.length > 0 ? broken : [...crossViolations(config)];
  if (violations.length > 0) throw refusal('ServiceDiscoveryConfig', violations);
}

function* crossViolations(config: ServiceDiscoveryConfig): Iterable<Violation> {
  const { backend = 'consul', addresses, consulHost, consulPort, enableCaching = true } = config;
  if (addresses !== undefined && (consulHost !== undefined || consulPort !== undefined))
    yield { field: 'addresses', rule: 'cannot be given beside consulHost and consulPort' };
  if (backend !== 'consul') yield* without(config, CONSUL_ONLY, 'needs the backend "consul"');
  if (backend !== 'dns') yield* without(config, ['dns'], 'needs the backend "dns"');
  if (!enableCaching) yield* without(config, CACHE_ONLY, 'cannot be given with enableCaching: false');
  const { lastKnownGoodFile: file } = config;
  if (file !== undefined)
    yield* under('lastKnownGoodFile', () => checkLastKnownGood(typeof file === 'string' ? { path: file } : file));
  yield* checkViolations(config);
  yield* under('balancing', () => checkBalancing(config.balancing ?? {}));
  for (const [service, balancing] of Object.entries(config.services ?? {}))
    yield* under(`services.${service}`, () => checkBalancing({ ...config.balancing, ...balancing }));
}

const CONSUL_ONLY = ['consulHost', 'consulPort', 'addresses', 'token', 'tls', 'maxConnections'] as const;
const CACHE_ONLY = ['sharedCache', 'lastKnownGoodFile'] as const;

function* without(
  config: ServiceDiscoveryConfig,
  names: readonly (keyof ServiceDiscoveryConfig)[],
  rule: string,
): Iterable<Violation> {
  for (const field of names) if (config[field] !== undefined) yield { field, rule };
}

/** A registration that says nothing of its own breaks only the rules that the configuration breaks. */
function* checkViolations({ address, defaultCheck }: ServiceDiscoveryConfig): Iterable<Violation> {
  const fallback = { ...(address !== undefined && { address }), ...(defaultCheck && { defaultCheck }) };
  const plan = (): unknown => planRegistration('any', { port: 1 }, fallback, () => 'any');
  for (const { field, rule } of under('', plan)) {
    const [first, ...rest] = field.split('.');
    yield { field: first === 'check' ? ['defaultCheck', ...rest].join('.') : field, rule };
  }
}

/** What a check of ours refuses, as violations of the option it was called for. */
function* under(option: string, check: () => unknown): Iterable<Violation> {
  try {
    check();
  } catch (error) {
    if (!isDiscoveryError(error, 'INVALID_ARGUMENT')) throw error;
    for (const { field, rule } of error.details.violations ?? [{ field: '', rule: error.message }]) {
      yield { field: [option, field].filter((part) => part !== '').join('.'), rule };
    }
  }
}

const seconds = z.number('must be a number of seconds').positive('must be above 0');
const text = z.string('must be a text').min(1, 'must not be empty');
const duration = z.string('must be a duration').refine((value) => (parseDuration(value) ?? -1) >= 0, {
  error: 'must be a duration such as "1m"',
});
const anything = z.custom<object>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object',
);

/** A seam given by the program: it must at least have what we call. */
function having(what: string, ...methods: readonly string[]): z.ZodType<object> {
  return z.custom<object>((value) => methods.every((method) => hasMethod(value, method)), `must be ${what}`);
}

function hasMethod(value: unknown, method: string): boolean {
  return typeof (value as Readonly<Record<string, unknown>> | null | undefined)?.[method] === 'function';
}

const host = text.refine(
  (value) => !value.includes('/') && (!value.includes(':') || isIPv6(value.replace(/^\[|\]$/g, ''))),
  {
    error: 'must be a host name or an IP address; HOST:PORT and URLs go into addresses',
  },
);

const schema = z.strictObject({
  consulHost: host.optional(),
  consulPort: z
    .number('must be a port, 1 to 65535')
    .int('must be a port, 1 to 65535')
    .min(1, 'must be a port, 1 to 65535')
    .max(65_535, 'must be a port, 1 to 65535')
    .optional(),
  addresses: z.array(text, 'must be a list of addresses').min(1, 'must not be empty').optional(),
  token: z.string('must be a text').optional(),
  tls: anything.optional(),
  environment: anything.optional(),
  backend: z
    .union([z.literal('consul'), z.literal('dns'), anything], 'must be "consul", "dns", a registry or a resolver')
    .optional(),
  dns: anything.optional(),
  maxConnections: z.number('must be a number').int('must be a whole number').min(2, 'must be 2 or more').optional(),
  timeoutMs: z.number('must be a number').positive('must be above 0').optional(),
  maxRetries: z
    .number('must be a number')
    .int('must be a whole number')
    .min(1, 'must be 1 or more')
    .max(limits.lookupAttempts, `must be at most ${limits.lookupAttempts}`)
    .optional(),
  cacheTtl: seconds.optional(),
  enableCaching: z.boolean('must be true or false').optional(),
  staleBudget: z.number('must be a number of seconds').min(0, 'must be 0 or more').optional(),
  sharedCache: having('a cache, such as createRedisCache makes', 'get', 'set', 'delete', 'close').optional(),
  lastKnownGoodFile: z
    .union(
      [text, z.strictObject({ path: text, keys: z.array(z.unknown(), 'must be a list of keys').optional() })],
      'must be a path, or { path, keys }',
    )
    .optional(),
  healthCheckInterval: seconds
    .refine((value) => parseDuration(`${value}s`) !== undefined, 'must be a sensible number of seconds')
    .optional(),
  deregisterCriticalTimeout: duration.optional(),
  address: text.optional(),
  defaultCheck: anything.optional(),
  balancing: anything.optional(),
  services: z.record(z.string(), anything, 'must map names of services to balancing').optional(),
  watchWait: z.union([z.number(), z.string()], 'must be seconds or a duration').optional(),
  logger: having('a logger with debug, info, warn and error', 'debug', 'info', 'warn', 'error').optional(),
  clock: having('a Clock, such as realClock', 'now', 'wall', 'sleep', 'after').optional(),
  random: having('a Random, such as realRandom', 'next').optional(),
});
