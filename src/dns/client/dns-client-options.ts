import { defaults, invalid, limits } from '../../model/index.js';
import type { Violation } from '../../model/index.js';
import type { Clock, Logger, Random } from '../../runtime/index.js';
import type { DnsFailureKind } from './failure.js';
import type { RetryPolicy } from './race.js';
import type { DnsServerAddress } from './server-address.js';

export interface DnsClientOptions {
  /**
   * `127.0.0.1:8600`, `[::1]:53`, `1.2.3.4` (port 53), `tcp://1.2.3.4`, `tls://host:853#servername`,
   * `https://host/dns-query`, or objects. At least one, at most 16. Who is quick is asked first, whatever the order.
   */
  readonly servers: readonly (string | DnsServerAddress)[];
  /** Milliseconds for one server's answer; a question has `retry.attempts` times as long. Default 5000. */
  readonly timeoutMs?: number;
  readonly retry?: DnsRetryOptions;
  /**
   * Asks a second server when the first takes longer than 95 % of answers do, for 5 % of questions at most. Default true;
   * with one server there is nobody to ask.
   */
  readonly hedge?: boolean;
  /** Questions over UDP in random upper and lower case, against forgery. Default true. */
  readonly mixCase?: boolean;
  /** DNS cookies (RFC 7873) over UDP, against forgery. Default: for servers that are not on this machine. */
  readonly cookies?: boolean;
  readonly clock?: Clock;
  /** For choices and jitter; ids and ports are always the system's best randomness. */
  readonly random?: Random;
  readonly logger?: Logger;
}

export interface DnsRetryOptions {
  /** Rounds over all servers, 1 to 16. Default 3. */
  readonly attempts?: number;
  /** The wait before round n is random up to `baseMs` × 2^(n-1), `capMs` at most. Defaults 100 and 2000. */
  readonly baseMs?: number;
  readonly capMs?: number;
  /**
   * Failures after which another round is begun, by `details.dns`. Default: `timeout`, `network`, `malformed`, `SERVFAIL`.
   * The next server of a round is asked after any failure.
   */
  readonly retryOn?: readonly DnsFailureKind[] | ((dns: DnsFailureKind) => boolean);
}

export interface CheckedOptions {
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
}

const retriedFailures: readonly DnsFailureKind[] = ['timeout', 'network', 'malformed', 'SERVFAIL'];
const longestMs = 3_600_000;

/** Throws INVALID_ARGUMENT with every option that breaks its rule. */
export function checkedOptions(options: DnsClientOptions): CheckedOptions {
  const { timeoutMs = defaults.dnsTimeoutMs, retry = {} } = options;
  const { attempts = defaults.dnsAttempts, baseMs = defaults.dnsRetryBaseMs, capMs = defaults.dnsRetryCapMs } = retry;
  const { retryOn = retriedFailures } = retry;
  const violations: Violation[] = [];
  const check = (field: string, rule: string, isKept: boolean): void => {
    if (!isKept) violations.push({ field, rule });
  };
  check('timeoutMs', `must be more than 0 and at most ${longestMs}`, isWithin(timeoutMs, 1, longestMs));
  check(
    'retry.attempts',
    `must be a whole number of 1 to ${limits.dnsClientRounds}`,
    Number.isInteger(attempts) && isWithin(attempts, 1, limits.dnsClientRounds),
  );
  check('retry.baseMs', `must be 0 to ${longestMs}`, isWithin(baseMs, 0, longestMs));
  check('retry.capMs', `must be 0 to ${longestMs}`, isWithin(capMs, 0, longestMs));
  check('retry.retryOn', 'must be a list or a function', Array.isArray(retryOn) || typeof retryOn === 'function');
  if (violations.length > 0) {
    throw invalid(violations.map(({ field, rule }) => `${field} ${rule}`).join('; '), violations);
  }
  return {
    timeoutMs,
    retry: {
      attempts,
      baseMs,
      capMs,
      retryOn: typeof retryOn === 'function' ? retryOn : (kind) => retryOn.includes(kind),
    },
  };
}

function isWithin(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}
