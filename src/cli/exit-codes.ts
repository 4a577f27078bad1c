import { isDiscoveryError, type ErrorCode } from '../model/index.js';

/** What the process ends with. Shown by `datapunk --help`; scripts may rely on it. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  unreachable: 4,
  denied: 5,
  conflict: 6,
} as const;

export const exitCodeHelp: readonly (readonly [number, string])[] = [
  [exitCodes.ok, 'done'],
  [exitCodes.failure, 'failed, for a reason not listed here; also: an agent that could not start'],
  [exitCodes.usage, 'wrong arguments, or input that was refused'],
  [exitCodes.notFound, 'the service, node, key or check does not exist'],
  [exitCodes.unreachable, 'the agent cannot be reached or did not answer in time'],
  [exitCodes.denied, 'the token may not do this'],
  [exitCodes.conflict, 'somebody else changed it first (--cas)'],
];

/** The one table from error codes to exit codes; a code that is not in it is a plain failure. */
const BY_CODE: Partial<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: exitCodes.usage,
  TOO_LARGE: exitCodes.usage,
  NOT_FOUND: exitCodes.notFound,
  NO_ENDPOINTS: exitCodes.notFound,
  UNAVAILABLE: exitCodes.unreachable,
  TIMEOUT: exitCodes.unreachable,
  NOT_READY: exitCodes.unreachable,
  UNAUTHENTICATED: exitCodes.denied,
  PERMISSION_DENIED: exitCodes.denied,
  CONFLICT: exitCodes.conflict,
};

export function exitCodeOf(error: unknown): number {
  return (isDiscoveryError(error) ? BY_CODE[error.code] : undefined) ?? exitCodes.failure;
}
