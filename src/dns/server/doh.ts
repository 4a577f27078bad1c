/**
 * DNS over HTTPS (RFC 8484), apart from HTTP itself: what a method, a content type and a body or `dns` parameter are
 * answered with. Whoever serves HTTP mounts it at /dns-query.
 */
import { decodeMessage, DnsParseError, maxMessageBytes } from '../wire/index.js';
import { isLoopback } from './client-network.js';
import type { Responder } from './responder.js';

export const dohContentType = 'application/dns-message';

export interface DohAnswer {
  readonly status: 200 | 400 | 405 | 413 | 415;
  /** A DNS message with status 200, else a line of text. */
  readonly body: Buffer;
  /** For `Cache-Control: max-age`, seconds. */
  readonly maxAge: number;
}

/**
 * `given` is the `dns` parameter of a GET (base64url without padding), the body of a POST. `address` is the client's.
 */
export type DohHandler = (
  method: string,
  contentType: string,
  given: string | Uint8Array | undefined,
  address: string,
) => Promise<DohAnswer>;

export function createDohHandler(responder: Responder): DohHandler {
  return async (method, contentType, given, address) => {
    if (method !== 'GET' && method !== 'POST') return refusal(405, 'GET or POST');
    const isPost = method === 'POST';
    if (isPost && contentType.split(';', 1)[0]?.trim().toLowerCase() !== dohContentType) {
      return refusal(415, `the body must be ${dohContentType}`);
    }
    const question = read(given);
    if (!question) return refusal(400, isPost ? 'no body' : 'no parameter "dns" in base64url');
    if (question.length > maxMessageBytes) return refusal(413, 'longer than a DNS message');
    const client = { address, transport: 'https', isLoopback: isLoopback(address), isDoneAtOnce: false } as const;
    const body = await responder.respond(question, client);
    return body ? { status: 200, body, maxAge: maxAgeOf(body) } : refusal(400, 'not a DNS question');
  };
}

function refusal(status: Exclude<DohAnswer['status'], 200>, text: string): DohAnswer {
  return { status, body: Buffer.from(`${text}\n`), maxAge: 0 };
}

function read(given: string | Uint8Array | undefined): Buffer | undefined {
  if (given === undefined || given.length === 0) return undefined;
  if (typeof given !== 'string') return Buffer.from(given);
  return /^[\w-]+={0,2}$/.test(given) ? Buffer.from(given, 'base64url') : undefined;
}

/** The smallest TTL of the answer, or of the SOA of a negative one (section 5.1). */
function maxAgeOf(message: Buffer): number {
  try {
    const { answers, authorities } = decodeMessage(message);
    const ttls = (answers.length > 0 ? answers : authorities).map((record) => record.ttl);
    return ttls.length === 0 ? 0 : Math.min(...ttls);
  } catch (error) {
    // What a recursor said, or an error that is a header alone.
    if (error instanceof DnsParseError) return 0;
    throw error;
  }
}
