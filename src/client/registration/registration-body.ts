import type { HealthCheckDefinition, ServiceRegistration, Violation } from '../../model/index.js';
import { defaults, isAnyAddress, limits, metaComplaint, optionViolations, refusal } from '../../model/index.js';
import type { CheckPlan } from './check-body.js';
import { planCheck } from './check-body.js';
import type { CheckRequest, RegistrationRequest } from './registration.js';
import type { TargetDescription } from './registration-target.js';
import { requestSchema } from './request-schema.js';

/** What requests that do not say get. */
export interface RegistrationDefaults {
  /** Default '': the address of the agent's node. */
  readonly address?: string;
  /** Default: none. */
  readonly defaultCheck?: CheckRequest | HealthCheckDefinition;
  /** Interval of a check that gives none. Go duration, default 10s. */
  readonly healthCheckInterval?: string;
  /** For how long an instance may be critical before it is removed. Go duration, default 1m; '0s': never. */
  readonly deregisterCriticalTimeout?: string;
}

/** A request whose rules all hold. What it lacks is what only the target can tell. */
export interface RegistrationPlan {
  readonly id: string;
  readonly service: string;
  /** '' when it is the node's. */
  readonly address: string;
  readonly port: number;
  readonly enableTagOverride: boolean;
  readonly onConflict: 'take-over' | 'refuse';
  /** Checks that want reports. */
  readonly ttlChecks: readonly TtlPlan[];
  /** Whether `body` is to be told about the target: 'must' for its node's address, 'may' for what it understands. */
  readonly needsTarget: 'no' | 'may' | 'must';
  /** PUT agent/service/register. */
  body(target: TargetDescription | undefined): ServiceRegistration;
}

export interface TtlPlan {
  readonly checkId: string;
  readonly ttlMs: number;
  readonly health: CheckRequest['health'];
}

/**
 * From a request to what an agent takes (docs/contract.md section 3.2). Throws INVALID_ARGUMENT that names every broken
 * rule, of the request and of each check; nothing was sent then.
 */
export function planRegistration(
  service: string,
  request: RegistrationRequest,
  fallback: RegistrationDefaults,
  newId: () => string,
): RegistrationPlan {
  const violations: Violation[] = [...nameViolations(service), ...optionViolations(requestSchema, request)];
  // Of a request that has not even its shape no further rule can be judged.
  if (violations.some(({ field }) => field !== 'service')) throw refusal(whatOf(service), violations);
  const address = request.address ?? fallback.address ?? '';
  const meta = metadataOf(request);
  violations.push(...addressViolations(address), ...weightViolations(request), ...metaViolations(request, meta));
  const checks = planChecks(request, fallback, violations);
  if (request.port === 0 && checks.some((check) => check.needsLocation))
    violations.push({ field: 'port', rule: 'must be more than 0 for a check at the address of the instance' });
  if (violations.length > 0) throw refusal(whatOf(service), violations);

  const id = request.id ?? `${service}-${newId()}`;
  const identity = { id, service, address, port: request.port };
  const locality = localityOf(request);
  return {
    ...identity,
    enableTagOverride: request.enableTagOverride ?? false,
    onConflict: request.onConflict ?? 'take-over',
    ttlChecks: ttlChecksOf(id, checks),
    needsTarget: address === '' && checks.some((check) => check.needsLocation) ? 'must' : locality ? 'may' : 'no',
    body: (target) => ({
      ...fieldsOf(identity, request, meta),
      ...(locality && target?.locality ? { Locality: locality } : {}),
      ...checksOf(checks, hostOf(address || (target?.nodeAddress ?? '')), request.port),
    }),
  };
}

function whatOf(service: unknown): string {
  return typeof service === 'string' && service !== '' ? `registration of "${service}"` : 'registration';
}

function nameViolations(service: unknown): Violation[] {
  if (typeof service === 'string' && service !== '') return [];
  return [{ field: 'service', rule: 'must be a name, not empty' }];
}

function addressViolations(address: string): Violation[] {
  const rule = addressRule(address);
  return rule === undefined ? [] : [{ field: 'address', rule }];
}

function addressRule(address: string): string | undefined {
  if (isAnyAddress(address)) return `must be one that can be dialled, not ${address}`;
  if (/[\s/]/.test(address)) return 'must be an IP address or a host name';
  if (address.includes('[')) return 'must be without brackets';
  return undefined;
}

function weightViolations({ weights }: RegistrationRequest): Violation[] {
  if (!weights) return [];
  const { passing, warning = 1 } = weights;
  return [
    ...(passing >= 1 && passing <= limits.dnsWeight
      ? []
      : [{ field: 'weights.passing', rule: `must be from 1 to ${limits.dnsWeight}` }]),
    ...(warning >= 0 && warning <= limits.dnsWeight
      ? []
      : [{ field: 'weights.warning', rule: `must be from 0 to ${limits.dnsWeight}` }]),
  ];
}

/** The standard's fields, by their names in metadata. */
const STANDARD_FIELDS = {
  version: 'version',
  type: 'type',
  environment: 'environment',
  region: 'region',
  zone: 'zone',
  deployment_id: 'deploymentId',
  capabilities: 'capabilities',
} as const;

function metadataOf(request: RegistrationRequest): Readonly<Record<string, string>> {
  const standard = Object.entries(STANDARD_FIELDS).flatMap(([key, field]) => {
    const value = request[field];
    const text = typeof value === 'string' ? value : value?.join(',');
    return text === undefined || text === '' ? [] : [[key, text]];
  });
  return { ...Object.fromEntries(standard), ...request.metadata };
}

function metaViolations({ metadata = {} }: RegistrationRequest, meta: Readonly<Record<string, string>>): Violation[] {
  const pairs = Object.entries(meta);
  const wrong = pairs.flatMap(([key, value]) => {
    const complaint = metaComplaint({ [key]: value });
    if (complaint === undefined) return [];
    const standard = Object.hasOwn(metadata, key) ? undefined : STANDARD_FIELDS[key as keyof typeof STANDARD_FIELDS];
    return [{ field: standard ?? `metadata.${key}`, rule: `is wrong: ${reasonOf(complaint)}` }];
  });
  if (pairs.length <= limits.metaPairs) return wrong;
  return [{ field: 'metadata', rule: `must have at most ${limits.metaPairs} keys, the standard's included` }, ...wrong];
}

/** `Couldn't load metadata pair ('k', 'v'): Key is too long` without what the field says already. */
function reasonOf(complaint: string): string {
  return complaint.slice(complaint.lastIndexOf('): ') + 3);
}

function localityOf({ region = '', zone = '' }: RegistrationRequest): ServiceRegistration['Locality'] {
  if (region === '' && zone === '') return undefined;
  return { ...(region === '' ? {} : { Region: region }), ...(zone === '' ? {} : { Zone: zone }) };
}

function planChecks(
  { check, checks = [] }: RegistrationRequest,
  fallback: RegistrationDefaults,
  violations: Violation[],
): CheckPlan[] {
  const timing = {
    interval: fallback.healthCheckInterval ?? defaults.healthCheckInterval,
    deregisterAfter: fallback.deregisterCriticalTimeout ?? defaults.standardDeregisterAfter,
  };
  const one = check === undefined && checks.length === 0 ? fallback.defaultCheck : check;
  const all: readonly (readonly [string, unknown])[] = [
    ...(one === undefined || one === null ? [] : [['check', one] as const]),
    ...checks.map((each, at) => [`checks.${at}`, each] as const),
  ];
  const ids = new Set<string>();
  return all.flatMap(([field, each]) => {
    const plan = planCheck(each, field, timing, violations);
    if (!plan) return [];
    // One check would take the place of the other.
    if (ids.has(plan.id)) violations.push({ field: `${field}.id`, rule: 'is that of another check too' });
    if (plan.id !== '') ids.add(plan.id);
    return [plan];
  });
}

/** The ids that the agent gives checks that have none: by position when there are several. */
function ttlChecksOf(id: string, checks: readonly CheckPlan[]): TtlPlan[] {
  return checks.flatMap(({ id: given, ttlMs, health }, at) => {
    const checkId = given || (checks.length > 1 ? `service:${id}:${at + 1}` : `service:${id}`);
    return ttlMs > 0 ? [{ checkId, ttlMs, health }] : [];
  });
}

function fieldsOf(
  { id, service, address, port }: Pick<RegistrationPlan, 'id' | 'service' | 'address' | 'port'>,
  { tags = [], weights, enableTagOverride }: RegistrationRequest,
  meta: Readonly<Record<string, string>>,
): ServiceRegistration {
  return {
    ID: id,
    Name: service,
    Tags: [...tags],
    Address: address,
    Port: port,
    Meta: { ...meta },
    ...(weights ? { Weights: { Passing: weights.passing, Warning: weights.warning ?? 1 } } : {}),
    ...(enableTagOverride ? { EnableTagOverride: true } : {}),
  };
}

function checksOf(
  checks: readonly CheckPlan[],
  host: string,
  port: number,
): Pick<ServiceRegistration, 'Check' | 'Checks'> {
  const bodies = checks.map((check) => check.body({ host, port }));
  if (bodies.length === 0) return {};
  return bodies.length === 1 ? { Check: bodies[0] } : { Checks: bodies };
}

function hostOf(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
