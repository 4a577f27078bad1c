import { randomInt } from 'node:crypto';
import { askOverTcp, askOverUdp } from '../dns/client/index.js';
import { decodeMessage, emptyQuery, encodeMessage, typeCode, type Message } from '../dns/index.js';
import { invalid, ServiceDiscoveryError } from '../model/index.js';
import { realClock } from '../runtime/index.js';
import { hostPort } from './output/words.js';

export interface DnsServerAddress {
  readonly host: string;
  readonly port: number;
}

export interface DnsReply {
  readonly message: Message;
  readonly bytes: number;
  readonly transport: 'UDP' | 'TCP';
  readonly tookMs: number;
}

export interface DnsQuestion {
  readonly name: string;
  /** `A`, `SRV`, `TYPE65`… */
  readonly type: string;
  /** Size of a UDP answer we take; without it the answer must fit 512 bytes. */
  readonly ednsBytes?: number;
}

const TIMEOUT_MS = 2_000;
const UDP_TRIES = 2;

/** One question over UDP; asked again over TCP when the answer says that it was cut. */
export async function askDns(server: DnsServerAddress, question: DnsQuestion): Promise<DnsReply> {
  const reply = await askUdp(server, question);
  return reply.message.truncated ? askTcp(server, question) : reply;
}

export async function askUdp(server: DnsServerAddress, question: DnsQuestion): Promise<DnsReply> {
  const query = encodeQuestion(question);
  for (let attempt = 1; ; attempt++) {
    try {
      return await timed('UDP', server, query);
    } catch (error) {
      if (attempt === UDP_TRIES) throw unanswered(server, 'UDP', error);
    }
  }
}

export async function askTcp(server: DnsServerAddress, question: DnsQuestion): Promise<DnsReply> {
  try {
    return await timed('TCP', server, encodeQuestion(question));
  } catch (error) {
    throw unanswered(server, 'TCP', error);
  }
}

function encodeQuestion({ name, type, ednsBytes }: DnsQuestion): Buffer {
  const code = typeCode(type.toUpperCase());
  if (code === undefined) throw invalid(`"${type}" is not a DNS record type`);
  return encodeMessage({
    ...emptyQuery,
    id: randomInt(0x10000),
    questions: [{ name, type: code, class: 1 }],
    edns: ednsBytes === undefined ? undefined : { udpSize: ednsBytes, version: 0, dnssecOk: false, options: [] },
  });
}

async function timed(transport: 'UDP' | 'TCP', server: DnsServerAddress, query: Buffer): Promise<DnsReply> {
  const began = performance.now();
  const ask = transport === 'UDP' ? askOverUdp : askOverTcp;
  const bytes = await ask(server, query, { timeoutMs: TIMEOUT_MS, clock: realClock, bareErrors: true });
  return { message: decodeMessage(bytes), bytes: bytes.length, transport, tookMs: performance.now() - began };
}

function unanswered(server: DnsServerAddress, transport: string, cause: unknown): ServiceDiscoveryError {
  const { code } = cause as NodeJS.ErrnoException;
  const why =
    code === 'ECONNREFUSED' ? 'nobody listens there' : code === 'TIMEOUT' ? 'no answer in time' : String(cause);
  const at = hostPort(server.host, server.port);
  return new ServiceDiscoveryError('UNAVAILABLE', `no DNS answer from ${at} over ${transport}: ${why}`, {
    cause,
    details: { hint: 'Name the DNS server of the agent with --dns-addr; "datapunk doctor" looks closer.' },
  });
}
