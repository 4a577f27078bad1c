import { ServiceDiscoveryError, type ErrorCode } from '../../model/index.js';
import type { RawAnswer } from './call.js';

/** The one table from an agent's status to our code. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'UNSUPPORTED',
  409: 'CONFLICT',
  413: 'TOO_LARGE',
  415: 'UNSUPPORTED',
  429: 'RATE_LIMITED',
  500: 'INTERNAL',
  501: 'UNSUPPORTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'TIMEOUT',
};
const RELAYED = /^(rpc error making call: )+/i;
const ANOTHER_DATACENTER = /^No path to datacenter/i;
/**
 * Consul answers 500 to these too; they are another matter for whoever decides on trying again. An agent that asked a
 * server, which asked the leader, says so before each (`RELAYED`).
 */
const CODE_OF_TEXT: readonly (readonly [RegExp, ErrorCode])[] = [
  [/No cluster leader|leadership lost|node is not the leader/i, 'NOT_READY'],
  // Unknown, or cut off for now: an agent does not tell which.
  [ANOTHER_DATACENTER, 'UNAVAILABLE'],
  [/^(Permission denied|ACL not found)/i, 'PERMISSION_DENIED'],
  [/^Failed to create boolean expression evaluator/i, 'INVALID_ARGUMENT'],
  [/^(Intention|Query) not found/i, 'NOT_FOUND'],
  [/^agent: No node found with name/i, 'NOT_FOUND'],
  // Ours: the agent that the fact belongs to cannot be asked, and is not known to be dead.
  [/^owner .+ unreachable$/, 'UNAVAILABLE'],
  // The way from the agent to its servers, or from one of them to the leader.
  [/^rpc error getting client|No known Consul servers|^(unexpected )?EOF$|failed to get conn/i, 'UNAVAILABLE'],
  [/stream closed|session shutdown|connection reset|broken pipe|i\/o (timeout|deadline reached)/i, 'UNAVAILABLE'],
  [/raft is already shutdown|server is shutting down/i, 'UNAVAILABLE'],
];
const NO_AGENT = 'Is that the address of an agent, and not of another web server?';
/** Of what a server says, this much is shown; of what it was asked, which may be as long as its caller likes, less. */
const SHOWN_CHARS = 2_000;
const SHOWN_OF_PATH = 200;

/** A status that is no answer, as an error in the agent's own words: they name the field or the thing. */
export function refusalOf(answer: RawAnswer, what: string, secrets: readonly string[]): ServiceDiscoveryError {
  if (answer.status >= 300 && answer.status < 400) return redirected(answer, what);
  const said = withoutSecrets(answer.bytes.toString('utf8').trim(), secrets).slice(0, SHOWN_CHARS);
  const message = said === '' ? `${shortened(what)}: ${answer.status} from ${answer.address}` : said;
  const retryAfterMs = retryAfter(answer.header('retry-after'));
  return new ServiceDiscoveryError(codeOf(answer.status, said), message, {
    details: {
      httpStatus: answer.status,
      address: answer.address,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  });
}

/** Out of reach for all agents of this one alike. */
export function isOfAnotherDatacenter({ message }: ServiceDiscoveryError): boolean {
  return ANOTHER_DATACENTER.test(message.replace(RELAYED, ''));
}

/** An answer that cannot be an agent's. */
export function notAnAgent(answer: RawAnswer, says: string, cause?: unknown): ServiceDiscoveryError {
  return new ServiceDiscoveryError('INTERNAL', `${answer.address} answered ${says}`, {
    cause,
    details: { httpStatus: answer.status, address: answer.address, hint: NO_AGENT },
  });
}

/** Never followed: it would take the token along, and an agent redirects only to other things than were asked for. */
function redirected(answer: RawAnswer, what: string): ServiceDiscoveryError {
  return notAnAgent(answer, `${shortened(what)} with a redirect (${answer.status})`);
}

function codeOf(status: number, said: string): ErrorCode {
  if (status === 500) {
    const found = CODE_OF_TEXT.find(([text]) => text.test(said.replace(RELAYED, '')));
    if (found) return found[1];
  }
  return CODE_OF_STATUS[status] ?? (status >= 400 && status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL');
}

function shortened(path: string): string {
  return path.length > SHOWN_OF_PATH ? `${path.slice(0, SHOWN_OF_PATH)}…` : path;
}

/** Servers and proxies may repeat what they were sent. */
function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((shown, secret) => (secret === '' ? shown : shown.replaceAll(secret, '…')), text);
}

/** Seconds; the other form, a date, is not sent by agents. */
function retryAfter(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) * 1_000 : undefined;
}
