import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { type Answer, decode, type DecodedPacket, encode, type Packet } from 'dns-packet';
import type { Step } from './format.js';

export interface DnsServer {
  readonly host: string;
  readonly port: number;
}

export interface DnsAnswer {
  readonly packet: DecodedPacket;
  readonly bytes: number;
}

const TIMEOUT_MS = 3_000;
const CLIENT_SUBNET = 'CLIENT_SUBNET';
let lastId = 0;

/** The question of a step, or with `batch` all of its questions on one connection. */
export function ask(server: DnsServer, step: Step): Promise<readonly DnsAnswer[]> {
  const questions = (step.batch ?? [step.dns ?? '']).map((question) => message(question, step));
  if (step.batch || step.via === 'tcp') return overTcp(server, questions, step.split ?? false);
  return overUdp(server, step.rawHex === undefined ? (questions[0] as Buffer) : Buffer.from(step.rawHex, 'hex'));
}

function message(question: string, { edns, ecs, rd, class: cls = 'IN', opcode = 0 }: Step): Buffer {
  const [type = 'A', name = ''] = question.split(' ');
  lastId = (lastId + 1) % 65_536;
  const packet = {
    type: 'query',
    id: lastId,
    flags: (opcode << 11) | (rd ? 0x100 : 0),
    questions: [{ type, name, class: cls }],
    additionals: edns === undefined ? [] : [opt(edns, ecs)],
  };
  return encode(packet as Packet);
}

function opt(udpPayloadSize: number, ecs: string | undefined): Answer {
  const [ip, prefix] = ecs?.split('/') ?? [];
  const option = { code: CLIENT_SUBNET, family: 1, sourcePrefixLength: Number(prefix), scopePrefixLength: 0, ip };
  const options = ip === undefined ? [] : [option];
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options,
  } as unknown as Answer;
}

function overUdp({ host, port }: DnsServer, question: Buffer): Promise<readonly DnsAnswer[]> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  const answered = new Promise<readonly DnsAnswer[]>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no DNS answer')), TIMEOUT_MS);
    socket.once('error', reject);
    socket.once('message', (bytes) => {
      clearTimeout(timer);
      resolve([{ packet: decode(bytes), bytes: bytes.length }]);
    });
    socket.send(question, port, host);
  });
  return answered.finally(() => socket.close());
}

async function overTcp(
  { host, port }: DnsServer,
  questions: readonly Buffer[],
  split: boolean,
): Promise<readonly DnsAnswer[]> {
  const socket = connect(port, host).setNoDelay();
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no DNS answer')));
  try {
    for (const question of questions) await send(socket, question, split);
    return await readAnswers(socket, questions.length);
  } finally {
    socket.destroy();
  }
}

/** Split: the length prefix itself arrives in two pieces. */
async function send(socket: Socket, question: Buffer, split: boolean): Promise<void> {
  const framed = Buffer.concat([Buffer.from([question.length >> 8, question.length & 0xff]), question]);
  const pieces = split ? [framed.subarray(0, 1), framed.subarray(1, 7), framed.subarray(7)] : [framed];
  for (const piece of pieces) {
    socket.write(piece);
    if (split) await new Promise((resolve) => void setTimeout(resolve, 50));
  }
}

function readAnswers(socket: Socket, count: number): Promise<readonly DnsAnswer[]> {
  return new Promise((resolve, reject) => {
    let unread = Buffer.alloc(0);
    const answers: DnsAnswer[] = [];
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`the connection ended after ${answers.length} of ${count} answers`)));
    socket.on('data', (chunk: Buffer) => {
      unread = Buffer.concat([unread, chunk]);
      while (unread.length >= 2 && unread.length >= 2 + unread.readUInt16BE(0)) {
        const length = unread.readUInt16BE(0);
        answers.push({ packet: decode(unread.subarray(2, 2 + length)), bytes: length });
        unread = unread.subarray(2 + length);
      }
      if (answers.length >= count) resolve(answers);
    });
  });
}
