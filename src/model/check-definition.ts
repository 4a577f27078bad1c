import { defaults } from './defaults.js';
import { formatDuration, parseDuration } from './duration.js';
import { invalid, ServiceDiscoveryError } from './errors.js';
import { goQuote } from './go-text.js';
import { limits } from './limits.js';
import type { CheckDefinition, CheckStatus, CheckType } from './rows.js';
import type { CheckRegistration } from './wire/index.js';

/**
 * From a check as clients send it to one that can be run (docs/contract.md section 4): validated in the contract's
 * order and texts, exactly one kind, durations in milliseconds, defaults filled in.
 */
export interface CheckDefinitionOptions {
  /** Caps OutputMaxSize, in bytes. Default 4096. */
  readonly checkOutputMaxBytes?: number;
  /** Whether a user-supplied runner of this name exists. Default: none does. */
  readonly hasRunner?: (name: string) => boolean;
}

const STATUSES: readonly string[] = ['passing', 'warning', 'critical'] satisfies readonly CheckStatus[];

export function isCheckStatus(word: string): word is CheckStatus {
  return STATUSES.includes(word);
}

/** Throws INVALID_ARGUMENT `Invalid check: …`. */
export function toCheckDefinition(body: CheckRegistration, options: CheckDefinitionOptions = {}): CheckDefinition {
  const wanted = wantedKinds(body);
  const times = timesOf(body);
  const complaint = complain(body, wanted, times, options);
  if (complaint !== undefined) throw invalid(`Invalid check: ${complaint}`);
  const type = winner(wanted);
  const failuresBeforeCritical = body.FailuresBeforeCritical ?? 0;
  const cap = options.checkOutputMaxBytes ?? limits.checkOutputBytes;
  return {
    type,
    target: targetOf(type, body),
    intervalMs: times.interval > 0 ? times.interval : 0,
    timeoutMs: times.timeout > 0 ? times.timeout : defaultTimeoutMs(type),
    ttlMs: type === 'ttl' ? times.ttl : 0,
    method: body.Method ?? '',
    header: body.Header ?? null,
    body: body.Body ?? '',
    disableRedirects: body.DisableRedirects ?? false,
    tlsServerName: body.TLSServerName ?? '',
    tlsSkipVerify: body.TLSSkipVerify ?? false,
    useTls: usesTls(type, body),
    args: argsOf(body),
    shell: body.Shell ?? '',
    aliasNode: body.AliasNode ?? '',
    successBeforePassing: body.SuccessBeforePassing ?? 0,
    failuresBeforeWarning: body.FailuresBeforeWarning || failuresBeforeCritical,
    failuresBeforeCritical,
    deregisterCriticalServiceAfterMs: times.deregisterAfter,
    outputMaxSizeBytes: body.OutputMaxSize ? Math.min(body.OutputMaxSize, cap) : cap,
    runner: type === 'custom' ? (body.Runner ?? '') : '',
  };
}

/** A check that nobody runs and nobody reports to: the two maintenance modes. */
export const maintenanceDefinition: CheckDefinition = {
  type: 'maintenance',
  target: '',
  intervalMs: 0,
  timeoutMs: 0,
  ttlMs: 0,
  method: '',
  header: null,
  body: '',
  disableRedirects: false,
  tlsServerName: '',
  tlsSkipVerify: false,
  useTls: false,
  args: [],
  shell: '',
  aliasNode: '',
  successBeforePassing: 0,
  failuresBeforeWarning: 0,
  failuresBeforeCritical: 0,
  deregisterCriticalServiceAfterMs: 0,
  outputMaxSizeBytes: limits.checkOutputBytes,
  runner: '',
};

/** A duration of a request body: a Go duration, or nanoseconds. Absent is 0. Throws INVALID_ARGUMENT with Go's text. */
export function wireDurationMs(value: string | number | undefined): number {
  if (value === undefined || value === '') return 0;
  if (typeof value === 'number') return value / 1e6;
  const ms = parseDuration(value);
  if (ms === undefined) throw invalid(`time: invalid duration ${goQuote(value)}`);
  return ms;
}

/** Interval or Timeout as reads show it; `absent` is what stands for "not given". */
export function shownDuration(value: string | number | undefined, absent: '' | '0s'): string {
  const ms = wireDurationMs(value);
  return ms === 0 ? absent : formatDuration(ms);
}

/** An absent check and `{}` are the same: none. */
export function isEmptyCheck(body: CheckRegistration): boolean {
  return Object.values(body).every(
    (value) => value === undefined || value === null || value === '' || value === 0 || value === false,
  );
}

interface Times {
  readonly interval: number;
  readonly timeout: number;
  readonly ttl: number;
  readonly deregisterAfter: number;
}

function timesOf(body: CheckRegistration): Times {
  return {
    interval: wireDurationMs(body.Interval),
    timeout: wireDurationMs(body.Timeout),
    ttl: wireDurationMs(body.TTL),
    deregisterAfter: wireDurationMs(body.DeregisterCriticalServiceAfter),
  };
}

/** In order of precedence when several are given. */
function wantedKinds(body: CheckRegistration): readonly CheckType[] {
  const kinds: readonly (readonly [CheckType, boolean])[] = [
    ['custom', Boolean(body.Runner)],
    ['ttl', wireDurationMs(body.TTL) > 0],
    ['http', Boolean(body.HTTP)],
    ['tcp', Boolean(body.TCP)],
    ['udp', Boolean(body.UDP)],
    ['grpc', Boolean(body.GRPC)],
    ['docker', Boolean(body.DockerContainerID)],
    ['os_service', Boolean(body.OSService)],
    ['script', argsOf(body).length > 0],
    ['h2ping', Boolean(body.H2PING)],
    ['alias', Boolean(body.AliasService) || Boolean(body.AliasNode)],
  ];
  return kinds.filter(([, given]) => given).map(([kind]) => kind);
}

function winner(wanted: readonly CheckType[]): CheckType {
  return wanted[0] ?? 'ttl';
}

/** Kinds that are run every Interval. A docker check runs its script: without one it is no kind at all. */
const PERIODIC: ReadonlySet<CheckType> = new Set([
  'custom',
  'http',
  'tcp',
  'udp',
  'grpc',
  'os_service',
  'script',
  'h2ping',
]);

function complain(
  body: CheckRegistration,
  wanted: readonly CheckType[],
  times: Times,
  options: CheckDefinitionOptions,
): string | undefined {
  const periodic = wanted.some((kind) => PERIODIC.has(kind));
  const alias = wanted.includes('alias');
  if (times.interval > 0 && times.ttl > 0) return 'Interval and TTL cannot both be specified';
  if (periodic && times.interval <= 0)
    return 'Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService checks';
  if (periodic && alias) return 'Interval cannot be set for Alias checks';
  if (alias && times.ttl > 0) return 'TTL must be not be set for Alias checks';
  if (!periodic && !alias && times.ttl <= 0) return 'TTL must be > 0 for TTL checks';
  if ((body.OutputMaxSize ?? 0) < 0) return 'MaxOutputMaxSize must be positive';
  if ((body.FailuresBeforeWarning ?? 0) > (body.FailuresBeforeCritical ?? 0))
    return "FailuresBeforeWarning can't be higher than FailuresBeforeCritical";
  if (body.Runner && !options.hasRunner?.(body.Runner)) return `no check runner is named "${body.Runner}"`;
  return undefined;
}

function argsOf(body: CheckRegistration): readonly string[] {
  return body.Args ?? body.ScriptArgs ?? [];
}

function targetOf(type: CheckType, body: CheckRegistration): string {
  switch (type) {
    case 'http':
      return body.HTTP ?? '';
    case 'tcp':
      return body.TCP ?? '';
    case 'udp':
      return body.UDP ?? '';
    case 'grpc':
      return body.GRPC ?? '';
    case 'h2ping':
      return body.H2PING ?? '';
    case 'docker':
      return body.DockerContainerID ?? '';
    case 'os_service':
      return body.OSService ?? '';
    case 'alias':
      return body.AliasService ?? '';
    case 'custom':
      return body.HTTP || body.TCP || body.UDP || body.GRPC || body.H2PING || '';
    default:
      return '';
  }
}

function usesTls(type: CheckType, body: CheckRegistration): boolean {
  if (type === 'tcp') return body.TCPUseTLS ?? false;
  if (type === 'grpc') return body.GRPCUseTLS ?? false;
  return type === 'h2ping' && (body.H2PingUseTLS ?? true);
}

function defaultTimeoutMs(type: CheckType): number {
  return type === 'script' || type === 'docker' || type === 'os_service'
    ? defaults.scriptTimeoutMs
    : defaults.checkTimeoutMs;
}

/** The refusal of a script that came over the network (or from a file) while scripts are off. */
export function scriptsDisabled(source: 'remote' | 'local'): ServiceDiscoveryError {
  const message =
    source === 'remote'
      ? "Scripts are disabled on this agent from remote calls; to enable, configure 'enable_script_checks' to true"
      : "Scripts are disabled on this agent; to enable, configure 'enable_script_checks' or 'enable_local_script_checks' to true";
  return new ServiceDiscoveryError('INVALID_ARGUMENT', message, { details: { status: 500 } });
}
