/** The zone itself: SOA and NS at any name of it (docs/contract.md section 5.2). */
import { limits } from '../../model/index.js';
import type { NodeRow } from '../../model/index.js';
import { classCodes, foldName, rcodes, typeCodes } from '../wire/index.js';
import type { ResourceRecord } from '../wire/index.js';
import type { AnswerContext } from './answer-context.js';
import type { Asking } from './asking.js';
import { addressRecord, nodeName, record } from './asking.js';
import { nodeTtl } from './dns-options.js';
import type { Reply } from './reply.js';
import { reply, units } from './reply.js';
import { whereIsNode } from './where.js';

/** The service whose instances are the servers of the datacenter. */
const serverService = 'consul';

function soaRecord(domain: string, context: AnswerContext): ResourceRecord {
  const { soa } = context.options;
  return {
    name: domain,
    class: classCodes.IN,
    ttl: soa.minTtl,
    type: 'SOA',
    mname: `ns.${domain}`,
    rname: `hostmaster.${domain}`,
    serial: context.serial(),
    refresh: soa.refresh,
    retry: soa.retry,
    expire: soa.expire,
    minimum: soa.minTtl,
  };
}

/** No such name. */
export function nxdomain(asking: Asking): Reply {
  return reply({ rcode: rcodes.NXDOMAIN, authority: [soaRecord(asking.domain, asking.context)] });
}

/** The name is there, the type is not. */
export function nodata(asking: Asking): Reply {
  return reply({ authority: [soaRecord(asking.domain, asking.context)] });
}

export function answerSoa(asking: Asking): Reply {
  const servers = nameServers(asking);
  return reply({
    units: units([soaRecord(asking.domain, asking.context)]),
    authority: servers.map(({ ns }) => ns),
    additional: servers.flatMap(({ glue }) => glue),
  });
}

export function answerNs(asking: Asking): Reply {
  const servers = nameServers(asking);
  return reply({ units: servers.map(({ ns, glue }) => ({ record: ns, extra: glue })) });
}

interface NameServer {
  readonly ns: ResourceRecord;
  readonly glue: readonly ResourceRecord[];
}

/** Up to three healthy servers in random order; a node whose name is not one of a host cannot be one. */
function nameServers(asking: Asking): NameServer[] {
  const { context } = asking;
  const ttl = nodeTtl(context.options);
  const nodes = new Map<string, NodeRow>();
  for (const { node, status } of context.order(context.catalog.serviceView(serverService).instances)) {
    const isUp = status === 'passing' || status === 'warning';
    if (nodes.size < limits.dnsNameServers && isUp && /^[A-Za-z0-9-]+$/.test(node.node)) nodes.set(node.node, node);
  }
  return [...nodes.values()].flatMap((node) => {
    const target = nodeName(node, asking);
    if (target === undefined) return [];
    const where = whereIsNode(node, typeCodes.ANY);
    const name = foldName(target);
    return [
      {
        ns: record(asking.domain, ttl, { type: 'NS', target: name }),
        glue: where?.type === 'ip' ? [addressRecord(name, ttl, where.ip)] : [],
      },
    ];
  });
}
