import type { CheckRegistration, Violation } from '../../model/index.js';
import {
  defaults,
  given,
  HealthCheckDefinition,
  isDiscoveryError,
  parseDuration,
  toCheckDefinition,
  wireDurationMs,
} from '../../model/index.js';
import { ADDRESSED, checkViolations, isPath, PERIODIC } from './check-rules.js';
import type { CheckRequest } from './registration.js';

/** The registration standard's check: GET /health every 30 s, 10 s for the answer, gone after 1 min of critical. */
export const standardCheck: CheckRequest = Object.freeze({
  http: defaults.standardCheckPath,
  interval: defaults.standardCheckInterval,
  timeout: defaults.standardCheckTimeout,
  deregisterAfter: defaults.standardDeregisterAfter,
});

/** What a check that does not say gets. Go durations. */
export interface CheckDefaults {
  readonly interval: string;
  readonly deregisterAfter: string;
}

/** Where the instance is; the host in the form it has before a port: `10.0.0.1`, `[::1]`. */
interface InstanceLocation {
  readonly host: string;
  readonly port: number;
}

/** A check whose own rules hold, but for where its instance is. */
export interface CheckPlan {
  /** '' when the agent shall give it one. */
  readonly id: string;
  /** Takes the address and port of its instance. */
  readonly needsLocation: boolean;
  readonly health: CheckRequest['health'];
  /** Of a check that wants reports; 0 for another. */
  readonly ttlMs: number;
  body(at: InstanceLocation): CheckRegistration;
}

/** Every broken rule goes to `violations`, its field below `field`; then there is no plan. */
export function planCheck(
  check: unknown,
  field: string,
  fallback: CheckDefaults,
  violations: Violation[],
): CheckPlan | undefined {
  const found = check instanceof HealthCheckDefinition ? [] : checkViolations(check);
  violations.push(...found.map(({ field: at, rule }) => ({ field: at === '' ? field : `${field}.${at}`, rule })));
  if (found.length > 0) return undefined;
  const given = check as CheckRequest | HealthCheckDefinition;
  const body = (at: InstanceLocation): CheckRegistration =>
    given instanceof HealthCheckDefinition ? definedBody(given, at) : requestedBody(given, fallback, at);
  const sample = body({ host: 'localhost', port: 1 });
  const wrong = complaintAbout(sample);
  if (wrong !== undefined) violations.push({ field, rule: `is wrong: ${wrong}` });
  if (wrong !== undefined) return undefined;
  return {
    id: sample.CheckID ?? sample.ID ?? '',
    needsLocation: needsLocation(given),
    health: given instanceof HealthCheckDefinition ? undefined : given.health,
    ttlMs: wireDurationMs(sample.TTL),
    body,
  };
}

function needsLocation(check: CheckRequest | HealthCheckDefinition): boolean {
  if (check instanceof HealthCheckDefinition) return isPath(check.toConsulCheck().HTTP);
  return isPath(check.http) || ADDRESSED.some(([field]) => check[field] === true);
}

function definedBody(check: HealthCheckDefinition, at: InstanceLocation): CheckRegistration {
  const body = check.toConsulCheck();
  return isPath(body.HTTP) ? { ...body, HTTP: `http://${at.host}:${at.port}${body.HTTP}` } : body;
}

function requestedBody(request: CheckRequest, fallback: CheckDefaults, at: InstanceLocation): CheckRegistration {
  const { docker, script, headers } = request;
  const periodic = PERIODIC.some((kind) => request[kind] !== undefined);
  const deregisterAfter = request.deregisterAfter ?? fallback.deregisterAfter;
  return given({
    CheckID: request.id,
    Name: request.name,
    Notes: request.notes,
    Status: request.status,
    ...targets(request, at),
    TTL: request.ttl,
    Args: docker ? [...docker.args] : script && [...script],
    DockerContainerID: docker?.container,
    Shell: docker?.shell,
    OSService: request.osService,
    AliasService: request.alias,
    Interval: periodic ? (request.interval ?? fallback.interval) : undefined,
    Timeout: request.timeout,
    DeregisterCriticalServiceAfter: parseDuration(deregisterAfter) === 0 ? undefined : deregisterAfter,
    Method: request.method,
    Header: headers && Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, listOf(value)])),
    Body: request.body,
    DisableRedirects: request.disableRedirects,
    TLSServerName: request.tlsServerName,
    TLSSkipVerify: request.tlsSkipVerify,
    SuccessBeforePassing: request.successBeforePassing,
    FailuresBeforeWarning: request.failuresBeforeWarning,
    FailuresBeforeCritical: request.failuresBeforeCritical,
    ...request.raw,
  });
}

function targets(request: CheckRequest, { host, port }: InstanceLocation) {
  const { http, useTls } = request;
  const own = (target: string | true | undefined): string | undefined => (target === true ? `${host}:${port}` : target);
  return {
    HTTP: isPath(http) ? `${useTls ? 'https' : 'http'}://${host}:${port}${http}` : http,
    TCP: own(request.tcp),
    UDP: own(request.udp),
    GRPC: own(request.grpc),
    H2PING: own(request.h2ping),
    TCPUseTLS: request.tcp === undefined ? undefined : useTls,
    GRPCUseTLS: request.grpc === undefined ? undefined : useTls,
    H2PINGUseTLS: request.h2ping === undefined ? undefined : useTls,
  };
}

/** In the words of the agent, which would refuse it alike. */
function complaintAbout(body: CheckRegistration): string | undefined {
  try {
    toCheckDefinition(body, { hasRunner: () => true });
    return undefined;
  } catch (error) {
    if (isDiscoveryError(error)) return error.message;
    throw error;
  }
}

function listOf(value: string | readonly string[]): string[] {
  return typeof value === 'string' ? [value] : [...value];
}
