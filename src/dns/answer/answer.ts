/**
 * What the catalog answers to a question: a pure function of both (docs/contract.md sections 5.1, 5.2). Nothing here
 * knows of sockets, sizes or bytes; `fit` does. The question's class is not looked at.
 */
import { connectInstances, isDiscoveryError, limits, parseDuration } from '../../model/index.js';
import type { InstanceView, QueryExecution } from '../../model/index.js';
import { classCodes, codeOf, edeCodes, foldName, rcodes, typeCodes } from '../wire/index.js';
import type { Question, ResourceRecord } from '../wire/index.js';
import type { AnswerContext } from './answer-context.js';
import type { Asking } from './asking.js';
import { ownName, record } from './asking.js';
import { seconds, serviceTtl } from './dns-options.js';
import { gatewaysOf } from './gateways.js';
import { instanceText, instanceUnits } from './instance-records.js';
import { answerAddress, answerNode } from './node-records.js';
import type { AnswerUnit, Outcome, Reply } from './reply.js';
import { reply, units } from './reply.js';
import { reversedAddress } from './reverse-name.js';
import { answerNs, answerSoa, nodata, nxdomain } from './zone-records.js';
import { inZone, locate } from './zone.js';
import type { Place } from './zone.js';

const followedTypes: readonly string[] = ['A', 'AAAA', 'CNAME'];

export function answer(question: Question, context: AnswerContext): Outcome {
  const wanted = new Set<string>();
  const outcome = answerAt(question, context, limits.dnsAliasDepth, wanted);
  if (outcome.kind === 'foreign' || wanted.size === 0) return outcome;
  return { kind: 'reply', reply: { ...outcome.reply, wanted: [...wanted] } };
}

function answerAt(question: Question, context: AnswerContext, depth: number, wanted: Set<string>): Outcome {
  const zone = inZone(question.name, context.options);
  const asking: Asking = {
    question,
    context,
    domain: zone?.domain ?? context.options.domain,
    follow: (name) => followed(name, context, depth, wanted),
  };
  const fixed = context.records.at(question.name);
  if (fixed) return said(answerFixed(asking, fixed, zone !== undefined));
  if (zone) return said(known(context, () => answerInZone(asking, zone.labels)));
  const address = reversedAddress(question.name);
  if (address === undefined) return { kind: 'foreign' };
  const reverse = known(context, () => answerReverse(asking, address));
  return reverse ? said(reverse) : { kind: 'foreign' };
}

/** What the catalog says, once it says anything. */
function known<T extends Reply | undefined>(context: AnswerContext, ask: () => T): T | Reply {
  if (!context.catalog.ready) {
    const error = { code: edeCodes.notReady, text: 'the catalog is not loaded yet' };
    return reply({ rcode: rcodes.SERVFAIL, authoritative: false, error });
  }
  return ask();
}

/** With a word about how far it can be trusted: of a datacenter from which nothing is heard it may be out of date. */
function dated(given: Reply, { datacenters }: AnswerContext, datacenter: string): Reply {
  if (!datacenters.isStale(datacenter)) return given;
  return { ...given, error: { code: edeCodes.staleAnswer, text: 'the catalog may be out of date' } };
}

function said(given: Reply): Outcome {
  return { kind: 'reply', reply: given };
}

/** Up to three levels deep and five records; outside our domain only what recursors have said. */
function followed(name: string, context: AnswerContext, depth: number, wanted: Set<string>): readonly ResourceRecord[] {
  if (depth === 0) return [];
  const question = { name, type: typeCodes.ANY, class: classCodes.IN };
  const outcome = answerAt(question, context, depth - 1, wanted);
  return (outcome.kind === 'reply' ? recordsOf(outcome.reply) : foreign(name, context, wanted))
    .filter((one) => followedTypes.includes(one.type))
    .slice(0, limits.dnsAliasRecords);
}

function recordsOf(given: Reply): readonly ResourceRecord[] {
  return given.units.map((unit) => unit.record);
}

function foreign(name: string, context: AnswerContext, wanted: Set<string>): readonly ResourceRecord[] {
  const known = context.foreign.get(foldName(name));
  if (!known && wanted.size < limits.dnsForeignNames) wanted.add(name);
  return known ?? [];
}

function answerFixed(asking: Asking, records: readonly ResourceRecord[], ours: boolean): Reply {
  const { name, type } = asking.question;
  // Owner names repeat the question as spelt.
  const here = records.map((one) => ({ ...one, name }));
  const alias = here.find((one) => one.type === 'CNAME');
  const fitting = here.filter((one) => type === typeCodes.ANY || codeOf(one) === type);
  if (fitting.length > 0) return reply({ units: units(fitting) });
  if (alias?.type === 'CNAME') return reply({ units: units([alias, ...asking.follow(alias.target)]) });
  return ours ? nodata(asking) : reply({});
}

function answerInZone(asking: Asking, labels: readonly string[]): Reply {
  switch (asking.question.type) {
    case typeCodes.SOA:
      return answerSoa(asking);
    case typeCodes.NS:
      return answerNs(asking);
    case typeCodes.AXFR:
    case typeCodes.IXFR:
      return reply({ rcode: rcodes.NOTIMP });
    default: {
      const { context } = asking;
      const found = locate(labels, asking.question.type, context.datacenters);
      if (!found) return nxdomain(asking);
      const there = inDatacenter(asking, found.datacenter);
      return dated((there && answerPlace(there, found.place)) ?? nxdomain(asking), context, found.datacenter);
    }
  }
}

/** The same question, asked of another datacenter: names in the answer are of it. */
function inDatacenter(asking: Asking, datacenter: string): Asking | undefined {
  const { context } = asking;
  if (datacenter === context.catalog.datacenter) return asking;
  const catalog = context.datacenters.catalogOf(datacenter);
  return catalog && { ...asking, context: { ...context, catalog } };
}

/** Undefined when there is nothing at that place. */
function answerPlace(asking: Asking, place: Place): Reply | undefined {
  const { context } = asking;
  switch (place.kind) {
    case 'addr':
      return answerAddress(asking, place.hex);
    case 'node': {
      const node = context.catalog.node(place.node);
      return node && context.mayRead('node', node.node) ? answerNode(asking, node) : undefined;
    }
    case 'query':
      return answerQuery(asking, place.query);
    default:
      return answerService(asking, place);
  }
}

type ServicePlace = Extract<Place, { readonly service: string }>;

function answerService(asking: Asking, place: ServicePlace): Reply | undefined {
  const { context } = asking;
  if (!context.mayRead('service', place.service)) return undefined;
  const usable = candidates(place, context).filter((one) => isUsable(one, context));
  if (usable.length === 0) return undefined;
  const ttl = serviceTtl(context.options, place.service);
  const ordered = context.order(usable);
  const isText = place.kind === 'instance' && asking.question.type === typeCodes.TXT;
  const found = isText ? instanceText(asking, ordered, ttl) : instanceUnits(asking, ordered, ttl);
  return found.length === 0 ? nodata(asking) : reply({ units: found });
}

function candidates(place: ServicePlace, context: AnswerContext): readonly InstanceView[] {
  switch (place.kind) {
    case 'connect':
      return connectInstances(context.catalog, place.service);
    case 'ingress':
      return gatewaysOf(context.catalog, place.service);
    case 'instance': {
      const { instances } = context.catalog.serviceView(place.service);
      return place.id === '' ? instances : instances.filter((one) => one.service.id.toLowerCase() === place.id);
    }
    default: {
      const { instances } = context.catalog.serviceView(place.service);
      return place.tag === '' ? instances : instances.filter((one) => hasTag(one, place.tag));
    }
  }
}

/** `tag` in lower case. */
export function hasTag(instance: InstanceView, tag: string): boolean {
  return instance.service.tags.some((one) => one.toLowerCase() === tag);
}

/** Not critical, or passing alone when so configured; a node's own checks count. */
function isUsable({ status, node }: InstanceView, context: AnswerContext): boolean {
  const healthy = status === 'passing' || (status === 'warning' && !context.options.onlyPassing);
  return healthy && context.mayRead('node', node.node);
}

/** The executor filters by health and decides the order. */
function answerQuery(asking: Asking, name: string): Reply | undefined {
  const { context } = asking;
  if (!context.mayRead('query', name)) return undefined;
  const execution = execute(name, context);
  if (execution === 'failed') return reply({ rcode: rcodes.SERVFAIL, authoritative: false });
  if (!execution || execution.nodes.length === 0) return undefined;
  // It may have failed over to another datacenter.
  const there = inDatacenter(asking, execution.datacenter) ?? asking;
  const found = instanceUnits(there, execution.nodes, queryTtl(execution, context));
  return { ...(found.length === 0 ? nodata(asking) : reply({ units: found })), scope: 'subnet' };
}

function execute(name: string, context: AnswerContext): QueryExecution | undefined | 'failed' {
  try {
    return context.queries.executeQuery(name, { datacenter: context.catalog.datacenter });
  } catch (error) {
    return isDiscoveryError(error, 'NOT_FOUND') ? undefined : 'failed';
  }
}

function queryTtl(execution: QueryExecution, context: AnswerContext): number {
  const own = execution.query.dnsTtl === '' ? undefined : parseDuration(execution.query.dnsTtl);
  return own === undefined ? serviceTtl(context.options, execution.service.service) : seconds(own);
}

/** The first node, else the first service, with the address; any type is answered with PTR. Undefined: ask further. */
function answerReverse(asking: Asking, address: string): Reply | undefined {
  const { catalog, options, mayRead } = asking.context;
  const node = catalog.nodeByAddress(address);
  const service = node ? undefined : catalog.serviceByAddress(address);
  const found: AnswerUnit[] = [];
  if (node && mayRead('node', node.node)) found.push(...pointer(asking, `${node.node}.node`));
  if (service && mayRead('service', service.service)) found.push(...pointer(asking, `${service.service}.service`));
  // Without anybody to ask, there is no such name.
  if (found.length === 0 && options.recursors.length > 0) return undefined;
  const given = found.length === 0 ? nxdomain(asking) : reply({ units: found });
  return dated(given, asking.context, catalog.datacenter);
}

function pointer(asking: Asking, text: string): AnswerUnit[] {
  const target = ownName(text, asking);
  return target === undefined ? [] : units([record(asking.question.name, 0, { type: 'PTR', target })]);
}
