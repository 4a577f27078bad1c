import type { HomeView } from '../step/parts.js';
import type { Member } from './member.js';
import type { MemberTable } from './table.js';

/**
 * Who decides about keys, sessions, events and prepared queries. Never elected: it is the agent whose own configuration
 * names itself, and no agent that knows of another such configuration. So two agents both decide only if neither ever
 * heard of the other. An agent without a configuration decides for itself until it first hears of a peer, which it never
 * forgets; it follows what others have configured, but does not become a home by their word.
 */
export function homeOf(table: MemberTable, nameDispute: string): HomeView {
  if (nameDispute !== '') return none(nameDispute);
  const self = table.self.info;
  const primaries = namedPrimaries([table.self, ...table.local]);
  const [first, second] = primaries.values();
  if (first && second)
    return none(`primary_node differs: ${first.node} says ${first.name}, ${second.node} ${second.name}`);
  if (!first) {
    if (isAlone(table)) return { node: self.node, origin: self.origin, problem: '' };
    return none('no primary_node is configured, and there is more than one agent');
  }
  if (!isNamed(self.node, first.name)) {
    const home = table.local.find((member) => isNamed(member.info.node, first.name));
    return { node: home?.info.node ?? first.name, origin: home?.info.origin, problem: '' };
  }
  if (self.primary === '')
    return none(`${first.node} says that ${self.node} is primary_node, which its own configuration does not`);
  return { node: self.node, origin: self.origin, problem: '' };
}

/** Never knew another agent of the datacenter; those that left count. */
export function isAlone(table: MemberTable): boolean {
  for (const { info } of table.all()) if (info.datacenter === table.self.info.datacenter) return false;
  return true;
}

interface NamedPrimary {
  /** As configured. */
  readonly name: string;
  /** By whom. */
  readonly node: string;
}

/** Dead members count: they may be home for those who still see them. */
function namedPrimaries(members: readonly Member[]): ReadonlyMap<string, NamedPrimary> {
  const found = new Map<string, NamedPrimary>();
  for (const { info } of members) {
    const key = info.primary.toLowerCase();
    if (key !== '' && !found.has(key)) found.set(key, { name: info.primary, node: info.node });
  }
  return found;
}

function isNamed(node: string, primary: string): boolean {
  return node.toLowerCase() === primary.toLowerCase();
}

function none(problem: string): HomeView {
  return { node: undefined, origin: undefined, problem };
}
