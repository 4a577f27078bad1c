/** Answers about a node, and about an address by its name (docs/contract.md sections 5.1, 5.2). */
import type { NodeRow } from '../../model/index.js';
import { ipText, parseIp, rcodes, typeCodes } from '../wire/index.js';
import type { ResourceRecord } from '../wire/index.js';
import type { Asking } from './asking.js';
import { addressRecord } from './asking.js';
import { nodeTtl } from './dns-options.js';
import { aliasRecords } from './instance-records.js';
import { metadataRecords } from './metadata-text.js';
import type { Reply } from './reply.js';
import { reply, units } from './reply.js';
import { fits, whereIsNode } from './where.js';

const answeredTypes: readonly number[] = [typeCodes.A, typeCodes.AAAA, typeCodes.ANY, typeCodes.TXT];

/** A type that a node has no record of is an empty answer, without SOA. */
export function answerNode(asking: Asking, node: NodeRow): Reply {
  const { question, context } = asking;
  if (!answeredTypes.includes(question.type)) return reply({});
  const ttl = nodeTtl(context.options);
  const addresses = question.type === typeCodes.TXT ? [] : nodeAddress(asking, node, ttl);
  const inAnswer = question.type === typeCodes.TXT || question.type === typeCodes.ANY;
  if (!inAnswer && !context.options.nodeMetaTxt) return reply({ units: units(addresses) });
  const texts = metadataRecords(node.meta, question.name, ttl, context);
  return inAnswer
    ? reply({ units: units([...addresses, ...texts]) })
    : reply({ units: units(addresses), additional: texts });
}

function nodeAddress(asking: Asking, node: NodeRow, ttl: number): ResourceRecord[] {
  const { name, type } = asking.question;
  const where = whereIsNode(node, type);
  if (where?.type === 'name') return aliasRecords(asking, where.name, ttl);
  return where && fits(type, where.ip.family) ? [addressRecord(name, ttl, where.ip)] : [];
}

/** `0a000001.addr`: undefined when the digits are no address. Asked for another type, the address comes beside. */
export function answerAddress(asking: Asking, hex: string): Reply | undefined {
  if (!/^(?:[\da-f]{8}|[\da-f]{32})$/i.test(hex)) return undefined;
  const ip = parseIp(ipText(Buffer.from(hex, 'hex')));
  if (!ip) return undefined;
  const { name, type } = asking.question;
  const address = addressRecord(name, nodeTtl(asking.context.options), ip);
  const asked = type !== typeCodes.TXT && fits(type, ip.family);
  return asked ? reply({ units: units([address]) }) : reply({ rcode: rcodes.NOERROR, additional: [address] });
}
