/**
 * Records about instances: addresses, SRV, SVCB and HTTPS, TXT (docs/contract.md section 5.2; RFC 2782, 9460, 6763
 * section 6).
 */
import type { InstanceView } from '../../model/index.js';
import { foldName, typeCodes } from '../wire/index.js';
import type { ResourceRecord, SvcParam } from '../wire/index.js';
import type { Asking } from './asking.js';
import { addressName, addressRecord, nodeName, record } from './asking.js';
import { attribute, chunks, metadataRecords, publicPairs, stringBytes } from './metadata-text.js';
import type { AnswerUnit } from './reply.js';
import { units } from './reply.js';
import { fits, serviceAddress, whereIsInstance } from './where.js';
import type { Where } from './where.js';

export function instanceUnits(asking: Asking, instances: readonly InstanceView[], ttl: number): AnswerUnit[] {
  switch (asking.question.type) {
    case typeCodes.SRV:
      return srvUnits(asking, instances, ttl);
    case typeCodes.SVCB:
    case typeCodes.HTTPS:
      return bindingUnits(asking, instances, ttl);
    default:
      return addressUnits(asking, instances, ttl);
  }
}

/** One record for each distinct address; the first CNAME only when there is no address at all. */
function addressUnits(asking: Asking, instances: readonly InstanceView[], ttl: number): AnswerUnit[] {
  const { question, context } = asking;
  const limit = context.options.aRecordLimit || Number.POSITIVE_INFINITY;
  const addresses = new Map<string, ResourceRecord>();
  let alias: string | undefined;
  for (const instance of instances) {
    if (addresses.size >= limit) break;
    const where = whereIsInstance(instance, question.type, question.name);
    if (where?.type === 'name') alias ??= where.name;
    if (where?.type !== 'ip' || !fits(question.type, where.ip.family)) continue;
    if (!addresses.has(where.ip.text)) addresses.set(where.ip.text, addressRecord(question.name, ttl, where.ip));
  }
  if (addresses.size > 0) return units([...addresses.values()]);
  return alias === undefined ? [] : units(aliasRecords(asking, alias, ttl));
}

export function aliasRecords(asking: Asking, target: string, ttl: number): ResourceRecord[] {
  return [record(asking.question.name, ttl, { type: 'CNAME', target }), ...asking.follow(target)];
}

/** One SRV for each distinct (node, address, port). */
function srvUnits(asking: Asking, instances: readonly InstanceView[], ttl: number): AnswerUnit[] {
  const found = new Map<string, AnswerUnit>();
  for (const instance of instances) {
    const { node, service } = instance;
    const key = `${node.node}\0${serviceAddress(instance, typeCodes.SRV)}\0${service.port}`;
    if (found.has(key)) continue;
    const reach = reachOf(asking, instance, ttl);
    if (!reach) continue;
    const srv = record(asking.question.name, ttl, {
      type: 'SRV',
      priority: 1,
      weight: weightOf(instance),
      port: portOf(service.port),
      target: reach.target,
    });
    found.set(key, { record: srv, extra: [...reach.extra, ...nodeMetadata(asking, instance, ttl)] });
  }
  return [...found.values()];
}

interface Reach {
  readonly where: Where;
  readonly target: string;
  readonly extra: readonly ResourceRecord[];
}

/** The name that leads to an instance, and the records that resolve it. */
function reachOf(asking: Asking, instance: InstanceView, ttl: number): Reach | undefined {
  const where = whereIsInstance(instance, typeCodes.SRV, asking.question.name);
  if (!where) return undefined;
  if (where.type === 'name') return { where, target: where.name, extra: asking.follow(where.name) };
  const ofNode = where.plainNode ? nodeName(instance.node, asking) : undefined;
  const target = ofNode ?? addressName(where.ip, asking);
  return target === undefined ? undefined : { where, target, extra: [addressRecord(target, ttl, where.ip)] };
}

function nodeMetadata(asking: Asking, instance: InstanceView, ttl: number): ResourceRecord[] {
  if (!asking.context.options.nodeMetaTxt || instance.node.meta === null) return [];
  const owner = nodeName(instance.node, asking);
  return owner === undefined ? [] : metadataRecords(instance.node.meta, owner, ttl, asking.context);
}

function weightOf({ service, status }: InstanceView): number {
  const weight = status === 'warning' ? service.weights.Warning : service.weights.Passing;
  return Math.min(Math.max(0, weight), 0xffff);
}

/** Ports are not validated on registration; what does not fit is shown as 0. */
function portOf(port: number): number {
  return Number.isInteger(port) && port >= 0 && port <= 0xffff ? port : 0;
}

/**
 * SVCB and HTTPS in service mode, one for each instance. Metadata says how it is spoken to: `alpn` (protocol ids,
 * comma-separated), `svcb_port` (default: the instance's port), `svcb_priority` (default 1). An HTTPS record promises
 * TLS, so only instances that name their protocols have one.
 */
function bindingUnits(asking: Asking, instances: readonly InstanceView[], ttl: number): AnswerUnit[] {
  const type = asking.question.type === typeCodes.HTTPS ? 'HTTPS' : 'SVCB';
  const found = new Map<string, AnswerUnit>();
  for (const instance of instances) {
    const meta = new Map(publicPairs(instance.service.meta, asking.context));
    const protocols = protocolsOf(meta.get('alpn'));
    if (type === 'HTTPS' && protocols.length === 0) continue;
    const reach = reachOf(asking, instance, ttl);
    if (!reach) continue;
    const port = numberIn(meta.get('svcb_port'), instance.service.port);
    const priority = Math.max(1, numberIn(meta.get('svcb_priority'), 1));
    const params = paramsOf(type, protocols, port, reach.where);
    const data = { type, priority, target: reach.target, params } as const;
    const key = JSON.stringify([priority, foldName(reach.target), params]);
    if (!found.has(key)) found.set(key, { record: record(asking.question.name, ttl, data), extra: reach.extra });
  }
  return [...found.values()];
}

function paramsOf(type: 'SVCB' | 'HTTPS', protocols: readonly string[], port: number, where: Where): SvcParam[] {
  const params: SvcParam[] = [];
  if (protocols.length > 0) params.push({ key: 'alpn', protocols });
  // HTTPS adds http/1.1 to the list by default (RFC 9460 9.1); the metadata lists all there is.
  if (type === 'HTTPS' && !protocols.includes('http/1.1')) params.push({ key: 'no-default-alpn' });
  if (portOf(port) > 0) params.push({ key: 'port', port });
  if (where.type === 'ip') {
    params.push({ key: where.ip.family === 4 ? 'ipv4hint' : 'ipv6hint', addresses: [where.ip.text] });
  }
  return params;
}

/** Ids are 1 to 255 bytes. */
function protocolsOf(list: string | undefined): string[] {
  return (list ?? '')
    .split(',')
    .map((one) => Buffer.from(one.trim()).toString('latin1'))
    .filter((one) => one.length > 0 && one.length < 256);
}

function numberIn(text: string | undefined, otherwise: number): number {
  return text !== undefined && /^\d{1,5}$/.test(text) && Number(text) <= 0xffff ? Number(text) : otherwise;
}

/**
 * One TXT for each instance: `id=…`, `node=…`, its metadata, and `srv=PORT TARGET` as in its SRV record, an attribute a
 * string. A full string means that the next one goes on; after an attribute that ends with a full one there is an empty one.
 */
export function instanceText(asking: Asking, instances: readonly InstanceView[], ttl: number): AnswerUnit[] {
  return units(
    instances.map((instance) => {
      const { node, service } = instance;
      const meta = publicPairs(service.meta, asking.context);
      const target = reachOf(asking, instance, ttl)?.target;
      const pairs: [string, string][] = [['id', service.id], ['node', node.node], ...meta];
      if (target !== undefined) pairs.push(['srv', `${portOf(service.port)} ${target}`]);
      const strings = pairs.flatMap(([key, value]) => closed(chunks(attribute(key, value))));
      return record(asking.question.name, ttl, { type: 'TXT', strings });
    }),
  );
}

function closed(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  return parts.at(-1)?.length === stringBytes ? [...parts, new Uint8Array()] : parts;
}
