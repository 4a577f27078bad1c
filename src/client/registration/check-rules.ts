import type { CheckRegistration, Violation } from '../../model/index.js';
import { optionViolations, parseDuration } from '../../model/index.js';
import type { CheckRequest } from './registration.js';
import { checkSchema } from './request-schema.js';

/** What a check request breaks, all of it; fields as they are named in the request, '' for the whole. */
export function checkViolations(check: unknown): readonly Violation[] {
  const shape = optionViolations(checkSchema, check);
  if (shape.length > 0) return shape;
  const request = check as CheckRequest;
  const kinds = KINDS.filter((kind) => request[kind] !== undefined);
  return [
    ...kindViolations(request, kinds),
    ...targetViolations(request),
    ...durationViolations(request),
    ...(kinds.length === 1 ? useViolations(request, kinds[0] as Kind) : []),
  ];
}

/** Kinds of which one looks at a host and port: the request's field and the wire's. */
export const ADDRESSED = [
  ['tcp', 'TCP'],
  ['udp', 'UDP'],
  ['grpc', 'GRPC'],
  ['h2ping', 'H2PING'],
] as const;
/** Kinds that the agent runs every interval. */
export const PERIODIC = ['http', 'tcp', 'udp', 'grpc', 'h2ping', 'script', 'docker', 'osService'] as const;

export function isPath(http: string | undefined): http is string {
  return http?.startsWith('/') ?? false;
}

const KINDS = [...PERIODIC, 'ttl', 'alias'] as const;
type Kind = (typeof KINDS)[number];
const RAW_KINDS: readonly (keyof CheckRegistration)[] = [
  'HTTP',
  'TCP',
  'UDP',
  'GRPC',
  'H2PING',
  'TTL',
  'Args',
  'ScriptArgs',
  'DockerContainerID',
  'OSService',
  'AliasService',
  'AliasNode',
  'Runner',
];

const OVER_TLS = ['http', 'tcp', 'grpc', 'h2ping'] as const;
/** An option that its kind of check has no use for would do nothing in silence. */
const ONLY_FOR: readonly (readonly [keyof CheckRequest, readonly Kind[]])[] = [
  ['health', ['ttl']],
  ['interval', PERIODIC],
  ['timeout', PERIODIC],
  ['method', ['http']],
  ['headers', ['http']],
  ['body', ['http']],
  ['disableRedirects', ['http']],
  ['useTls', OVER_TLS],
  ['tlsServerName', OVER_TLS],
  ['tlsSkipVerify', OVER_TLS],
];

/** `raw` may bring the kind: one that has no field here, or a pair that the agent itself takes for one. */
function kindViolations({ raw = {} }: CheckRequest, kinds: readonly Kind[]): Violation[] {
  const inRaw = RAW_KINDS.filter((name) => Boolean(raw[name]));
  if (kinds.length === 1 || (kinds.length === 0 && inRaw.length > 0)) return [];
  if (kinds.length === 0) return [{ field: '', rule: `must have one of ${KINDS.join(', ')}` }];
  return [{ field: '', rule: `must be of one kind, not of ${kinds.join(' and ')}` }];
}

function targetViolations(request: CheckRequest): Violation[] {
  const { http } = request;
  return [
    ...(http === undefined || isPath(http) || isWebAddress(http)
      ? []
      : [{ field: 'http', rule: 'must be an http:// or https:// URL, or a path beginning with /' }]),
    ...(http !== undefined && !isPath(http) && request.useTls !== undefined
      ? [{ field: 'useTls', rule: 'is for a path: a URL says it by https://' }]
      : []),
    ...ADDRESSED.filter(([field]) => typeof request[field] === 'string' && !isHostPort(request[field])).map(
      ([field]) => ({ field, rule: "must be host:port, or true for the instance's own address" }),
    ),
    ...(['osService', 'alias'] as const)
      .filter((field) => request[field] === '')
      .map((field) => ({ field, rule: 'must not be empty' })),
  ];
}

function durationViolations(request: CheckRequest): Violation[] {
  const more = 'must be a duration like 10s or 1m30s, more than 0';
  const broken = (
    field: 'ttl' | 'interval' | 'timeout' | 'deregisterAfter',
    holds: (ms: number) => boolean,
  ): boolean => {
    const value = request[field];
    if (value === undefined) return false;
    const ms = parseDuration(value);
    return ms === undefined || !holds(ms);
  };
  return [
    ...(['ttl', 'interval', 'timeout'] as const)
      .filter((field) => broken(field, (ms) => ms > 0))
      .map((field) => ({ field, rule: more })),
    ...(broken('deregisterAfter', (ms) => ms >= 0)
      ? [{ field: 'deregisterAfter', rule: 'must be a duration like 1m, or 0s for never' }]
      : []),
  ];
}

function useViolations(request: CheckRequest, kind: Kind): Violation[] {
  return ONLY_FOR.filter(([field, kinds]) => request[field] !== undefined && !kinds.includes(kind)).map(
    ([field, kinds]) => ({ field, rule: `is for ${kinds.join(', ')}, not for ${kind}` }),
  );
}

function isWebAddress(url: string): boolean {
  return /^https?:\/\//i.test(url) && URL.canParse(url);
}

/** With whatever may follow the port: grpc's `/service`. */
function isHostPort(target: string): boolean {
  const port = /^(?:\[[^\]]+\]|[^\s:[\]/]+):(\d{1,5})(?:\/.*)?$/.exec(target)?.[1];
  return port !== undefined && Number(port) <= 65_535;
}
