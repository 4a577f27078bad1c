import type { NodeRow } from '../../model/index.js';
import { classCodes, ipBytes, nameBytes, nameFromText } from '../wire/index.js';
import type { IpAddress, Question, RecordData, ResourceRecord } from '../wire/index.js';
import type { AnswerContext } from './answer-context.js';

/** One question while it is answered: with the names it spells. */
export interface Asking {
  readonly question: Question;
  readonly context: AnswerContext;
  /** Our domain as the question spells it; as configured for a name outside. */
  readonly domain: string;
  /** Answers a name again, from inside an answer. */
  readonly follow: (name: string) => readonly ResourceRecord[];
}

export function record(name: string, ttl: number, data: RecordData): ResourceRecord {
  return { name, class: classCodes.IN, ttl, ...data };
}

export function addressRecord(name: string, ttl: number, ip: IpAddress): ResourceRecord {
  return record(name, ttl, { type: ip.family === 4 ? 'A' : 'AAAA', address: ip.text });
}

/** `web-1.node.dc1.consul`; undefined when the node's name cannot be in DNS. */
export function nodeName(node: NodeRow, asking: Asking): string | undefined {
  return ownName(`${node.node}.node`, asking);
}

/** `0a000001.addr.dc1.consul`: a name for an address that has none. */
export function addressName(ip: IpAddress, asking: Asking): string | undefined {
  return ownName(`${Buffer.from(ipBytes(ip.text)).toString('hex')}.addr`, asking);
}

/** Words of the catalog as a name of our datacenter, in the domain as the question spells it. */
export function ownName(text: string, asking: Asking): string | undefined {
  const name = nameFromText(`${text}.${asking.context.catalog.datacenter}`);
  const whole = `${name}.${asking.domain}`;
  return name === undefined || nameBytes(whole) === undefined ? undefined : whole;
}
