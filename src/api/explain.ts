import type {
  CatalogView,
  CheckRow,
  Cluster,
  ClusterMember,
  InstanceExplanation,
  InstanceView,
  NodeRow,
  Owner,
  RowOwner,
  ServiceExplanation,
} from '../model/index.js';

/** Whose facts a node is made of: an external registrar's rows may be of several agents. */
export function rowOwners(catalog: CatalogView, cluster: Cluster, node: NodeRow): readonly RowOwner[] {
  const members = membersOf(cluster);
  const ownerOf = (origin: string): Owner => owner(origin, members);
  return [
    { kind: 'node', id: node.node, service: '', owner: ownerOf(node.origin) },
    ...Array.from(catalog.servicesOf(node.node), ({ id, service, origin }): RowOwner => {
      return { kind: 'service', id, service, owner: ownerOf(origin) };
    }),
    ...Array.from(catalog.checksOf(node.node), ({ checkId, serviceName, origin }): RowOwner => {
      return { kind: 'check', id: checkId, service: serviceName, owner: ownerOf(origin) };
    }),
  ];
}

export function explainService(
  instances: readonly InstanceView[],
  cluster: Cluster,
): Pick<ServiceExplanation, 'instances' | 'shadowed'> {
  const members = membersOf(cluster);
  const explained = instances.map(({ node, service, checks, status }): InstanceExplanation => {
    return {
      node: node.node,
      id: service.id,
      address: service.address || node.address,
      port: service.port,
      owner: owner(service.origin, members),
      status,
      served: SERVED[status],
      why: [...aboutOwner(members.get(service.origin)), ...checks.filter(isTrouble).map(aboutCheck)],
    };
  });
  const ids = new Set(instances.map(({ node, service }) => keyOf(node.node, service.id)));
  const nodes = new Set(instances.map(({ node }) => keyOf(node.node, '')));
  const shadowed = cluster
    .report()
    .conflicts.filter(({ node, id }) => ids.has(keyOf(node, id)) || (id === '' && nodes.has(keyOf(node, ''))));
  return { instances: explained, shadowed };
}

const SERVED: Readonly<Record<InstanceView['status'], InstanceExplanation['served']>> = {
  passing: 'everywhere',
  warning: 'dns',
  critical: 'nowhere',
  maintenance: 'nowhere',
};

type Members = ReadonlyMap<string, ClusterMember>;

function membersOf(cluster: Cluster): Members {
  return new Map(cluster.members().map((member) => [member.origin, member]));
}

function owner(origin: string, members: Members): Owner {
  const member = members.get(origin);
  return { origin, node: member?.node ?? '', state: member?.state ?? 'unknown' };
}

function aboutOwner(member: ClusterMember | undefined): readonly string[] {
  if (!member) return ['the agent it was registered with is not known any more'];
  if (member.state === 'alive') return [];
  const reason = member.reason === '' ? '' : `: ${member.reason}`;
  const effect = member.state === 'suspect' ? ', which changes nothing yet' : '';
  return [`agent ${member.node} is ${member.state}${reason}${effect}`];
}

function isTrouble({ status }: CheckRow): boolean {
  return status !== 'passing';
}

function aboutCheck({ name, checkId, serviceId, status, output, notes }: CheckRow): string {
  const whose = serviceId === '' ? 'check of the node' : 'check';
  const [says = ''] = (output || notes).split('\n');
  return `${whose} "${name || checkId}" is ${status}${says === '' ? '' : `: ${says}`}`;
}

function keyOf(node: string, id: string): string {
  return `${node.toLowerCase()}\0${id}`;
}
