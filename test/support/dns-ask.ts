/** Questions to a DNS server over real sockets, and answers as lines of text. */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { decodeMessage, emptyQuery, encodeMessage, typeCode } from '../../src/dns/index.js';
import type { DnsAddress, Edns, Message, RecordData, ResourceRecord } from '../../src/dns/index.js';

export interface AskOptions {
  /** UDP size of an EDNS record, or the record whole. */
  readonly edns?: number | Edns;
  readonly id?: number;
  readonly rd?: boolean;
  readonly opcode?: number;
}

/** `SRV web.service.consul` */
export function questionBytes(text: string, { edns, id = 4711, rd = false, opcode = 0 }: AskOptions = {}): Buffer {
  const [type = '', name = ''] = text.split(' ');
  const message: Message = {
    ...emptyQuery,
    id,
    opcode,
    recursionDesired: rd,
    questions: [{ name, type: typeCode(type) ?? 0, class: 1 }],
  };
  if (edns === undefined) return encodeMessage(message);
  const record = typeof edns === 'number' ? { udpSize: edns, version: 0, dnssecOk: false, options: [] } : edns;
  return encodeMessage({ ...message, edns: record });
}

export async function askUdp(server: DnsAddress, text: string, options: AskOptions = {}): Promise<Message> {
  return decodeMessage(await sendUdp(server, questionBytes(text, options)));
}

/** The first datagram that comes back. */
export function sendUdp(server: DnsAddress, bytes: Uint8Array, timeoutMs = 3000): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(server.host.includes(':') ? 'udp6' : 'udp4');
    const over = (settle: () => void): void => {
      clearTimeout(timer);
      socket.close();
      settle();
    };
    const timer = setTimeout(() => over(() => reject(new Error('no answer'))), timeoutMs);
    socket.on('error', (error) => over(() => reject(error)));
    socket.on('message', (answer) => over(() => resolve(answer)));
    socket.send(bytes, server.port, server.host);
  });
}

/** Sends pieces as they are, one after another, and collects `count` framed answers. */
export function sendTcp(server: DnsAddress, pieces: readonly Uint8Array[], count: number): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, server.host);
    const answers: Buffer[] = [];
    let held = Buffer.alloc(0);
    socket.setNoDelay(true);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed after ${answers.length} answers`)));
    socket.on('data', (piece: Buffer) => {
      held = Buffer.concat([held, piece]);
      for (
        ;
        held.length >= 2 && held.length >= 2 + held.readUInt16BE(0);
        held = held.subarray(answers.at(-1)!.length + 2)
      ) {
        answers.push(held.subarray(2, 2 + held.readUInt16BE(0)));
      }
      if (answers.length < count) return;
      socket.destroy();
      resolve(answers);
    });
    void (async () => {
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((next) => void setImmediate(next));
      }
    })();
  });
}

export async function askTcp(server: DnsAddress, text: string, options: AskOptions = {}): Promise<Message> {
  const [answer] = await sendTcp(server, [frame(questionBytes(text, options))], 1);
  return decodeMessage(answer as Buffer);
}

export function frame(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]);
}

/** `web.service.consul 0 A 10.0.0.1` for every record, sorted. */
export function lines(records: readonly ResourceRecord[]): string[] {
  return records.map((record) => `${record.name} ${record.ttl} ${record.type} ${dataText(record)}`).toSorted();
}

function dataText(data: RecordData): string {
  switch (data.type) {
    case 'A':
    case 'AAAA':
      return data.address;
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return data.target;
    case 'SRV':
      return `${data.priority} ${data.weight} ${data.port} ${data.target}`;
    case 'TXT':
      return data.strings.map((one) => JSON.stringify(Buffer.from(one).toString())).join(' ');
    case 'SOA':
      return `${data.mname} ${data.rname} ${data.refresh} ${data.retry} ${data.expire} ${data.minimum}`;
    default: {
      const { name: _name, ttl: _ttl, class: _class, type: _type, ...rest } = data as ResourceRecord;
      return JSON.stringify(rest);
    }
  }
}
