import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { once } from 'node:events';
import { decodeMessage, emptyQuery, encodeMessage, foldName, typeCode, type Message } from '../dns/index.js';
import { invalid, ServiceDiscoveryError } from '../model/index.js';
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
      return await timed('UDP', () => exchangeUdp(server, query));
    } catch (error) {
      if (attempt === UDP_TRIES) throw unanswered(server, 'UDP', error);
    }
  }
}

export async function askTcp(server: DnsServerAddress, question: DnsQuestion): Promise<DnsReply> {
  try {
    return await timed('TCP', () => exchangeTcp(server, encodeQuestion(question)));
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

async function timed(transport: 'UDP' | 'TCP', exchange: () => Promise<Buffer>): Promise<DnsReply> {
  const began = performance.now();
  const bytes = await exchange();
  return { message: decodeMessage(bytes), bytes: bytes.length, transport, tookMs: performance.now() - began };
}

async function exchangeUdp(server: DnsServerAddress, query: Buffer): Promise<Buffer> {
  const socket = createSocket(server.host.includes(':') ? 'udp6' : 'udp4');
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    // Connected: a port where nobody listens is told at once, and strangers' packets do not reach us.
    socket.connect(server.port, server.host);
    await once(socket, 'connect', { signal });
    socket.send(query);
    for (;;) {
      const [answer] = (await once(socket, 'message', { signal })) as [Buffer];
      if (isAnswerTo(query, answer)) return answer;
    }
  } finally {
    socket.close();
  }
}

async function exchangeTcp(server: DnsServerAddress, query: Buffer): Promise<Buffer> {
  const socket = connect({ host: server.host, port: server.port });
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  signal.addEventListener('abort', () => socket.destroy(new Error('no answer in time')), { once: true });
  try {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.write(Buffer.concat([length, query]));
    let received = Buffer.alloc(0);
    for await (const piece of socket) {
      received = Buffer.concat([received, piece as Buffer]);
      const wanted = received.length < 2 ? Number.POSITIVE_INFINITY : received.readUInt16BE(0) + 2;
      if (received.length >= wanted) return received.subarray(2, wanted);
    }
    throw new Error('closed without an answer');
  } finally {
    socket.destroy();
  }
}

function isAnswerTo(query: Buffer, answer: Buffer): boolean {
  if (answer.length < 12 || answer.readUInt16BE(0) !== query.readUInt16BE(0)) return false;
  const [asked] = decodeMessage(query).questions;
  const [echoed] = decodeMessage(answer).questions;
  return echoed === undefined || foldName(echoed.name) === foldName(asked?.name ?? '');
}

function unanswered(server: DnsServerAddress, transport: string, cause: unknown): ServiceDiscoveryError {
  const { code, name } = cause as NodeJS.ErrnoException;
  const why =
    code === 'ECONNREFUSED' ? 'nobody listens there' : name === 'AbortError' ? 'no answer in time' : String(cause);
  const at = hostPort(server.host, server.port);
  return new ServiceDiscoveryError('UNAVAILABLE', `no DNS answer from ${at} over ${transport}: ${why}`, {
    cause,
    details: { hint: 'Name the DNS server of the agent with --dns-addr; "datapunk doctor" looks closer.' },
  });
}
