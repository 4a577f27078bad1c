/**
 * A DNS server on a loopback port, UDP and TCP, that does what servers, networks and forgers do to clients. What it
 * answers comes from records given as lines; how it answers is said per question.
 */
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket as UdpSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { Socket as TcpSocket } from 'node:net';
import { StaticRecords } from '../dns/answer/static-records.js';
import { codeOf, decodeMessage, encodeMessage, foldName, framed, Frames, rcodes, typeCodes } from '../dns/index.js';
import type { Message, Question, ResourceRecord } from '../dns/index.js';
import { listenOnLoopback } from './loopback-server.js';

/** What becomes of one question. The plain words: */
export type DnsBehaviour =
  /** As a good server would. */
  | 'answer'
  /** Nothing is sent, ever. */
  | 'drop'
  /** The answer, twice. */
  | 'duplicate'
  /** An answer with another id, with 192.0.2.66 for every address, then the true one. */
  | 'forged-id'
  /** The same with another question. */
  | 'forged-question'
  /** The same from another port. UDP alone; else as `answer`. */
  | 'forged-port'
  | 'wrong-id'
  | 'wrong-question'
  /** The question in other letters' case. */
  | 'other-case'
  /** TC and no records over UDP; whole over TCP. */
  | 'truncate'
  /** TC over TCP too. */
  | 'always-truncate'
  /** Bytes that are no message behind the right id and question. */
  | 'garbage'
  /** Records that nobody asked for, in every section, among the right ones. */
  | 'out-of-bailiwick'
  /** a → b → a. */
  | 'alias-loop'
  /** An alias of 40 links. */
  | 'long-alias'
  /** FORMERR without a question for whoever speaks EDNS; else an answer. */
  | 'no-edns'
  /** BADCOOKIE with a cookie, until that cookie comes back. */
  | 'demands-cookie'
  /** As a server that names others and does not resolve. */
  | 'refer'
  /** TCP: reset instead of an answer. UDP: nothing. */
  | 'reset'
  /** TCP: half of an answer, then the end. UDP: nothing. */
  | 'partial'
  /** TCP: the answer a byte a time. UDP: as `answer`. */
  | 'drip'
  /** The answer, later. */
  | { readonly delayMs: number }
  /** A response code and no records. */
  | { readonly rcode: number }
  /** Bytes in place of an answer. */
  | { readonly raw: (answer: Message, asked: AskedQuestion) => Uint8Array }
  /** Whatever you make of the right answer. */
  | { readonly message: (answer: Message, asked: AskedQuestion) => Message | readonly Message[] };

export interface AskedQuestion {
  readonly transport: 'udp' | 'tcp';
  readonly message: Message;
  readonly name: string;
  readonly type: number;
  /** Where it came from. */
  readonly port: number;
}

export interface MisbehavingDnsOptions {
  /** `web.example 60 A 192.0.2.1`, as in a zone file. */
  readonly records?: readonly string[];
  /** For every question, or by question. Default `answer`. */
  readonly behaviour?: DnsBehaviour | ((asked: AskedQuestion) => DnsBehaviour);
  /** Refuses TCP. */
  readonly udpOnly?: boolean;
  /** Default 127.0.0.1. */
  readonly host?: string;
}

export interface MisbehavingDns extends AsyncDisposable {
  /** `127.0.0.1:4711`, for a client's list of servers. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  /** Every question so far. */
  readonly asked: AskedQuestion[];
  /** From now on. */
  behave(behaviour: NonNullable<MisbehavingDnsOptions['behaviour']>): void;
  /** TCP connections open now. */
  connections(): number;
  close(): Promise<void>;
}

const forgedAddress = '192.0.2.66';

export async function createMisbehavingDns(options: MisbehavingDnsOptions = {}): Promise<MisbehavingDns> {
  const { host = '127.0.0.1', udpOnly = false } = options;
  const records = new StaticRecords(options.records ?? []);
  const asked: AskedQuestion[] = [];
  const timers = new Set<NodeJS.Timeout>();
  let behaviour = options.behaviour ?? 'answer';

  const later = (ms: number, then: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      then();
    }, ms);
    timers.add(timer);
  };
  const serve = (bytes: Buffer, transport: 'udp' | 'tcp', port: number, way: Way): void => {
    const message = decodeMessage(bytes);
    const [question] = message.questions;
    if (!question) return;
    const one = { transport, message, name: question.name, type: question.type, port };
    asked.push(one);
    const how = typeof behaviour === 'function' ? behaviour(one) : behaviour;
    perform(how, { asked: one, question, answer: answerFrom(records, message, question), way, later });
  };

  const tcp = createServer((socket) => {
    const frames = new Frames();
    const way = overTcp(socket, later);
    socket.on('data', (piece: Buffer) => {
      frames.push(piece);
      for (let frame = frames.next(); frame; frame = frames.next()) serve(frame, 'tcp', socket.remotePort ?? 0, way);
    });
  });
  const family = host.includes(':') ? 'udp6' : 'udp4';
  const [listener, udp] = await openPair(tcp, family, host);
  const stranger = createSocket(family);
  udp.on('message', (bytes, from) => serve(bytes, 'udp', from.port, overUdp(udp, stranger, from)));
  for (const socket of [udp, stranger]) socket.on('error', () => {});
  if (udpOnly) await listener.close();

  let isClosed = false;
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    for (const timer of timers) clearTimeout(timer);
    await Promise.all([listener.close(), closed(udp), closed(stranger)]);
  };
  return {
    address: listener.address,
    host,
    port: listener.port,
    asked,
    behave: (next) => (behaviour = next),
    connections: () => listener.connections(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** How an answer gets back to who asked. */
interface Way {
  send(answer: Buffer): void;
  /** From a port that was not asked. */
  sendAsStranger(answer: Buffer): void;
  reset(): void;
  half(answer: Buffer): void;
  drip(answer: Buffer): void;
}

type Later = (ms: number, then: () => void) => void;

interface Scene {
  readonly asked: AskedQuestion;
  readonly question: Question;
  readonly answer: Message;
  readonly way: Way;
  readonly later: Later;
}

function perform(how: DnsBehaviour, scene: Scene): void {
  const { asked, answer, question, way, later } = scene;
  const send = (message: Message): void => way.send(encodeMessage(message));
  const isCut = how === 'always-truncate' || (how === 'truncate' && asked.transport === 'udp');
  if (isCut) return send({ ...answer, truncated: true, answers: [], additionals: [] });
  if (typeof how === 'object') {
    if ('delayMs' in how) return later(how.delayMs, () => send(answer));
    if ('raw' in how) return way.send(Buffer.from(how.raw(answer, asked)));
    if ('rcode' in how) return send({ ...answer, rcode: how.rcode, answers: [], authorities: [], additionals: [] });
    const messages = how.message(answer, asked);
    for (const message of Array.isArray(messages) ? messages : [messages]) send(message as Message);
    return undefined;
  }
  switch (how) {
    case 'drop':
      return undefined;
    case 'duplicate':
      send(answer);
      return send(answer);
    case 'forged-id':
      send(withOtherId(forged(answer)));
      return send(answer);
    case 'forged-question':
      send(withOtherQuestion(forged(answer)));
      return send(answer);
    case 'forged-port':
      way.sendAsStranger(encodeMessage(forged(answer)));
      return send(answer);
    case 'wrong-id':
      return send(withOtherId(answer));
    case 'wrong-question':
      return send(withOtherQuestion(answer));
    case 'other-case':
      return send({ ...answer, questions: [{ ...question, name: question.name.toLowerCase() }] });
    case 'garbage':
      return way.send(garbageFor(answer));
    case 'out-of-bailiwick':
      return send(withStrangers(answer, question));
    case 'alias-loop':
      return send({ ...answer, answers: [alias(question.name, 'b.example'), alias('b.example', question.name)] });
    case 'long-alias':
      return send({ ...answer, answers: longAlias(question.name, answer.answers) });
    case 'no-edns':
      if (!asked.message.edns) return send({ ...answer, edns: undefined });
      return send({ ...answer, rcode: rcodes.FORMERR, questions: [], answers: [], authorities: [], edns: undefined });
    case 'demands-cookie':
      return demandCookie(scene);
    case 'refer':
      return send({
        ...answer,
        recursionAvailable: false,
        authoritative: false,
        rcode: 0,
        answers: [],
        authorities: [{ name: 'example', class: 1, ttl: 60, type: 'NS', target: 'ns.elsewhere.example' }],
      });
    case 'reset':
      return way.reset();
    case 'partial':
      return way.half(encodeMessage(answer));
    case 'drip':
      return way.drip(encodeMessage(answer));
    default:
      return send(answer);
  }
}

function answerFrom(records: StaticRecords, query: Message, question: Question): Message {
  const answers: ResourceRecord[] = [];
  let name = question.name;
  let known = records.at(name);
  for (let links = 0; known && links < 20; links++) {
    const found = known.filter((record) => codeOf(record) === question.type || question.type === typeCodes.ANY);
    answers.push(...found.map((record) => ({ ...record, name })));
    const [alias] = found.length > 0 ? [] : known.filter((record) => record.type === 'CNAME');
    if (alias?.type !== 'CNAME') break;
    answers.push({ ...alias, name });
    name = alias.target;
    known = records.at(name);
  }
  const targets = answers.flatMap((record) => (record.type === 'SRV' ? [record.target] : []));
  const isEmpty = !answers.some((record) => codeOf(record) === question.type);
  return {
    ...query,
    response: true,
    recursionAvailable: true,
    rcode: known ? rcodes.NOERROR : rcodes.NXDOMAIN,
    answers,
    authorities: isEmpty && !foldName(name).endsWith('.elsewhere') ? [soa] : [],
    additionals: targets.flatMap((target) => records.at(target) ?? []),
    edns: query.edns && { udpSize: 1_232, version: 0, dnssecOk: false, options: [] },
  };
}

const soa: ResourceRecord = {
  name: '.',
  class: 1,
  ttl: 60,
  type: 'SOA',
  mname: 'ns.example',
  rname: 'hostmaster.example',
  serial: 1,
  refresh: 3_600,
  retry: 600,
  expire: 86_400,
  minimum: 30,
};

function forged(answer: Message): Message {
  return {
    ...answer,
    answers: answer.answers.map((record) => (record.type === 'A' ? { ...record, address: forgedAddress } : record)),
  };
}

function withOtherId(answer: Message): Message {
  return { ...answer, id: answer.id ^ 1 };
}

function withOtherQuestion(answer: Message): Message {
  return { ...answer, questions: [{ name: 'other.example', type: typeCodes.A, class: 1 }] };
}

function stranger(name: string): ResourceRecord {
  return { name, class: 1, ttl: 9, type: 'A', address: forgedAddress };
}

function withStrangers(answer: Message, question: Question): Message {
  return {
    ...answer,
    answers: [stranger('bank.example'), ...answer.answers, stranger(`www.${question.name}`)],
    authorities: [
      ...answer.authorities,
      { name: 'bank.example', class: 1, ttl: 9, type: 'NS', target: 'ns.bank.example' },
    ],
    additionals: [...answer.additionals, stranger('bank.example'), stranger('ns.bank.example')],
  };
}

/** The right header and question, an answer promised, and then a pointer to itself. */
function garbageFor(answer: Message): Buffer {
  const head = encodeMessage({ ...answer, answers: [], authorities: [], additionals: [], edns: undefined });
  head.writeUInt16BE(1, 6);
  return Buffer.concat([head, Buffer.from([0xc0, head.length, 0xff])]);
}

function alias(name: string, target: string): ResourceRecord {
  return { name, class: 1, ttl: 60, type: 'CNAME', target };
}

function longAlias(name: string, answers: readonly ResourceRecord[]): ResourceRecord[] {
  const names = [name, ...Array.from({ length: 40 }, (_, i) => `link${i}.example`)];
  const links = names.slice(1).map((target, i) => alias(names[i] as string, target));
  return [...links, ...answers.map((record) => ({ ...record, name: names.at(-1) as string }))];
}

function demandCookie({ asked, answer, way }: Scene): void {
  const cookie = asked.message.edns?.options.find((option) => option.type === 'cookie');
  const server = Buffer.from('ourcooki');
  if (cookie?.type !== 'cookie' || !answer.edns) return way.send(encodeMessage(answer));
  const isGood = server.equals(cookie.server);
  const edns = { ...answer.edns, options: [{ ...cookie, server }] };
  way.send(
    encodeMessage(
      isGood ? { ...answer, edns } : { ...answer, edns, rcode: rcodes.BADCOOKIE, answers: [], authorities: [] },
    ),
  );
}

function overUdp(socket: UdpSocket, stranger: UdpSocket, from: RemoteInfo): Way {
  const send = (answer: Buffer): void => socket.send(answer, from.port, from.address, () => {});
  return {
    send,
    sendAsStranger: (answer) => stranger.send(answer, from.port, from.address, () => {}),
    reset: () => {},
    half: () => {},
    drip: send,
  };
}

function overTcp(socket: TcpSocket, later: Later): Way {
  const send = (answer: Buffer): void => void socket.write(framed(answer));
  return {
    send,
    sendAsStranger: () => {},
    reset: () => socket.resetAndDestroy(),
    half: (answer) => socket.end(framed(answer).subarray(0, answer.length / 2)),
    drip: (answer) => {
      const frame = framed(answer);
      const next = (at: number): void => {
        if (socket.destroyed || at === frame.length) return;
        socket.write(frame.subarray(at, at + 1));
        later(0, () => next(at + 1));
      };
      socket.setNoDelay(true);
      next(0);
    },
  };
}

/** With a free port of the one, which another program may have of the other: then another is tried. */
async function openPair(tcp: ReturnType<typeof createServer>, family: 'udp4' | 'udp6', host: string) {
  for (let triesLeft = 10; ;) {
    const listener = await listenOnLoopback(tcp, host);
    const udp = createSocket(family);
    try {
      await new Promise<void>((resolve, reject) => {
        udp.once('error', reject);
        udp.bind(listener.port, host, resolve);
      });
      return [listener, udp] as const;
    } catch (error) {
      await Promise.all([listener.close(), closed(udp)]);
      if (--triesLeft === 0) throw error;
    }
  }
}

function closed(socket: UdpSocket): Promise<void> {
  return new Promise((resolve) => void socket.close(resolve));
}
