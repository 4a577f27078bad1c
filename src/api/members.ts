import { defaults } from '../model/index.js';
import type { Cluster, ClusterMember, MemberState } from '../model/index.js';

/** Serf's numbers (docs/contract.md section 3.1). Suspicion is ours, and changes nothing for others. */
const STATUS: Readonly<Record<MemberState, number>> = { alive: 1, suspect: 1, leaving: 2, left: 3, dead: 4 };
const PROTOCOL = { ProtocolMin: 1, ProtocolMax: 5, ProtocolCur: 2, DelegateMin: 2, DelegateMax: 5, DelegateCur: 4 };

/** A member as Consul shows one; what is beyond it stands among the tags, all of them texts (docs/http.md). */
export function memberToWire(member: ClusterMember, cluster: Cluster, wan = false): object {
  return {
    Name: wan ? `${member.node}.${member.datacenter}` : member.node,
    Addr: member.address,
    Port: member.port,
    Tags: { ...consulTags(member), ...ownTags(member, cluster) },
    Status: STATUS[member.state],
    ...PROTOCOL,
  };
}

function consulTags({ origin, datacenter, isHome }: ClusterMember): Readonly<Record<string, string>> {
  return {
    role: 'consul',
    dc: datacenter,
    id: origin,
    port: String(defaults.serverPort),
    build: defaults.consulVersion,
    segment: '',
    vsn: '2',
    vsn_min: '2',
    vsn_max: '3',
    raft_vsn: '3',
    ...(isHome && { bootstrap: '1' }),
  };
}

function ownTags(member: ClusterMember, cluster: Cluster): Readonly<Record<string, string>> {
  const { state, reason, protocol } = member;
  return {
    discovery: member.version,
    protocol: String(protocol.used),
    protocol_min: String(protocol.min),
    protocol_max: String(protocol.max),
    incarnation: String(member.incarnation),
    lag: String(member.lagVersions),
    last_contact_ms: String(Math.round(member.lastContactMs)),
    local_health: String(member.localHealth),
    owner: cluster.ownerOf(member.node)?.node ?? '',
    ...(member.isHome && { home: '1' }),
    ...(member.isSelf && { self: '1' }),
    ...(state === 'suspect' && { suspect: reason || 'nothing heard of it' }),
    ...(state !== 'alive' && reason !== '' && { reason }),
  };
}
