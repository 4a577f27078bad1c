/** What went wrong with questions, for people and for programs. */
import { ServiceDiscoveryError } from '../../model/index.js';
import { DnsParseError, rcodeName, typeName } from '../wire/index.js';
import type { Question } from '../wire/index.js';

/** `SERVFAIL`, `REFUSED`, or another response code's name: the server said so. */
export type DnsFailureKind = 'timeout' | 'network' | 'malformed' | (string & {});

export interface DnsFailure {
  readonly kind: DnsFailureKind;
  /** Goes behind the server's name: `did not answer within 376 ms`. */
  readonly text: string;
  readonly cause?: unknown;
}

/** One try, as listed in `details.attempts` of an error. */
export interface DnsAttempt {
  readonly server: string;
  readonly dns: DnsFailureKind;
  readonly text: string;
  readonly elapsedMs: number;
}

export function failureOf(error: Error): DnsFailure {
  if (error instanceof DnsParseError) {
    return { kind: 'malformed', text: `answered nonsense: ${error.message}`, cause: error };
  }
  const { code } = error as NodeJS.ErrnoException;
  const text = code === 'ECONNREFUSED' ? 'does not listen' : `cannot be talked to: ${code ?? error.message}`;
  return { kind: 'network', text, cause: error };
}

export function rcodeFailure(rcode: number, told: string): DnsFailure {
  return { kind: rcodeName(rcode), text: `answered ${rcodeName(rcode)}${told === '' ? '' : ` (${told})`}` };
}

/** The failure that tells most: what a server said, before what the network or nobody said. */
export function queryError(question: Question, attempts: readonly DnsAttempt[], cause: unknown): ServiceDiscoveryError {
  const kind = ['timeout', 'network', 'malformed'].reduceRight<DnsFailureKind | undefined>(
    (worst, kind) => worst ?? (attempts.some((one) => one.dns === kind) ? kind : undefined),
    attempts.findLast((one) => !['timeout', 'network', 'malformed'].includes(one.dns))?.dns,
  );
  const last = new Map(attempts.map((one) => [one.server, one.text]));
  const told = [...last].map(([server, text]) => `${server} ${text}`).join('; ');
  const tries = attempts.length > last.size ? ` (${attempts.length} tries)` : '';
  return new ServiceDiscoveryError(
    kind === 'timeout' || kind === undefined ? 'TIMEOUT' : 'UNAVAILABLE',
    `no DNS answer for ${typeName(question.type)} ${question.name}: ${told === '' ? 'no time was left' : told}${tries}`,
    { cause, details: { dns: kind ?? 'timeout', name: question.name, type: typeName(question.type), attempts } },
  );
}
