import { isIP } from 'node:net';
import { Command } from 'commander';
import { ipBytes, rcodeName, type ResourceRecord } from '../../dns/index.js';
import {
  printJson,
  useAgent,
  withClientOptions,
  withExamples,
  type ClientFlags,
  type CommandFactory,
} from '../command.js';
import { dnsPlace } from '../dns-address.js';
import { askDns, askTcp, type DnsReply } from '../dns-client.js';
import { exitCodes } from '../exit-codes.js';
import type { Io } from '../io.js';
import { recordText, recordType } from '../output/record-text.js';
import { table } from '../output/table.js';
import { hostPort, plural } from '../output/words.js';

interface Flags extends ClientFlags {
  readonly dnsAddr?: string;
  readonly tcp?: boolean;
}

/** What fits a datagram on any path (RFC 9715). */
const EDNS_BYTES = 1_232;

export const command: CommandFactory = (session) =>
  withExamples(
    withClientOptions(
      new Command('dns')
        .description('Asks the DNS server of the agent. A name without a dot is a service.')
        .argument('<name>', 'web, web.service.consul, v1.web.service.consul, node1.node.consul, 10.0.0.1 …')
        .argument('[type]', 'A, AAAA, SRV, TXT, HTTPS …; default: SRV for services, PTR for addresses, else A')
        .option('--dns-addr <host:port>', 'default: what the agent says, else 127.0.0.1:8600')
        .option('--tcp', 'over TCP'),
    ).action((name: string, type: string | undefined, flags: Flags) =>
      useAgent(session, flags, async (agent) => {
        const { io } = session;
        const { server, domain } = await dnsPlace(agent, flags.dnsAddr);
        const question = questionOf(name, type, domain);
        const reply =
          flags.tcp === true
            ? await askTcp(server, question)
            : await askDns(server, { ...question, ednsBytes: EDNS_BYTES });
        const { message } = reply;
        if (message.rcode !== 0 || message.answers.length === 0) session.exitWith(exitCodes.notFound);
        if (flags.json === true) return printJson(io, asJson(question, reply));
        if (message.answers.length > 0) io.out(recordTable(io, message.answers, message.additionals.filter(isAddress)));
        const about = [rcodeName(message.rcode), plural(message.answers.length, 'answer'), `${reply.bytes} bytes`];
        const how = `${question.type} ${question.name} from ${hostPort(server.host, server.port)} over ${reply.transport}`;
        io.out(`${io.paint('dim', `${about.join(', ')}; ${how} in ${reply.tookMs.toFixed(1)} ms`)}\n`);
      }),
    ),
    [
      ['datapunk dns web', 'SRV records of the service web, with addresses'],
      ['datapunk dns v1.web.service.consul A', 'addresses of instances with the tag v1'],
      ['datapunk dns 10.0.0.7', 'who has that address'],
    ],
  );

function questionOf(
  name: string,
  type: string | undefined,
  domain: string,
): { readonly name: string; readonly type: string } {
  const reverse = reverseName(name);
  if (reverse !== undefined) return { name: reverse, type: type?.toUpperCase() ?? 'PTR' };
  const full = name.includes('.') ? name.replace(/\.$/, '') : `${name}.service.${domain}`;
  const isService = full.startsWith('_') || /\.service\./i.test(full);
  return { name: full, type: type?.toUpperCase() ?? (isService ? 'SRV' : 'A') };
}

/** `7.0.0.10.in-addr.arpa`, or its like under ip6.arpa; undefined for what is no address. */
function reverseName(text: string): string | undefined {
  const family = isIP(text);
  if (family === 4) return `${text.split('.').toReversed().join('.')}.in-addr.arpa`;
  if (family !== 6) return undefined;
  return `${Array.from(Buffer.from(ipBytes(text)).toString('hex'))
    .toReversed()
    .join('.')}.ip6.arpa`;
}

function recordTable(io: Io, answers: readonly ResourceRecord[], additionals: readonly ResourceRecord[]): string {
  const rows = [
    ...answers.map((record) => ({ record, also: false })),
    ...additionals.map((record) => ({ record, also: true })),
  ];
  const shade = (also: boolean, text: string): string => (also ? io.paint('dim', text) : text);
  return table(
    io,
    [
      { title: 'NAME', value: ({ record, also }) => shade(also, record.name) },
      { title: 'TTL', value: ({ record, also }) => shade(also, String(record.ttl)), align: 'right' },
      { title: 'TYPE', value: ({ record, also }) => shade(also, recordType(record)) },
      { title: 'DATA', value: ({ record, also }) => shade(also, recordText(record)) },
    ],
    rows,
  );
}

function asJson(question: object, { message, bytes, transport, tookMs }: DnsReply): object {
  return {
    question,
    rcode: rcodeName(message.rcode),
    authoritative: message.authoritative,
    transport,
    bytes,
    tookMs,
    answers: message.answers.map(recordJson),
    authorities: message.authorities.map(recordJson),
    additionals: message.additionals.map(recordJson),
  };
}

function recordJson(record: ResourceRecord): object {
  return { name: record.name, ttl: record.ttl, type: recordType(record), data: recordText(record) };
}

/** Node metadata rides along as TXT; in a table it is in the way. */
function isAddress({ type }: ResourceRecord): boolean {
  return type === 'A' || type === 'AAAA' || type === 'CNAME';
}
