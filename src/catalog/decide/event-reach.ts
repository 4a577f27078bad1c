import type { EventRow, InstanceFields, NodeRow, StateReader } from '../../model/index.js';
import { compileRegexp } from '../regexp.js';

/** Which agents a user event is for (docs/contract.md section 3.8); '' is all of them. */
export type EventFilters = Pick<EventRow, 'nodeFilter' | 'serviceFilter' | 'tagFilter'>;

export function eventReaches(
  { nodeFilter, serviceFilter, tagFilter }: EventFilters,
  node: string,
  services: Iterable<Pick<InstanceFields, 'service' | 'tags'>>,
): boolean {
  if (nodeFilter !== '' && !compileRegexp(nodeFilter).test(node)) return false;
  if (serviceFilter === '') return true;
  const isService = compileRegexp(serviceFilter);
  const isTag = tagFilter === '' ? undefined : compileRegexp(tagFilter);
  for (const { service, tags } of services) {
    if (isService.test(service) && (!isTag || tags.some((tag) => isTag.test(tag)))) return true;
  }
  return false;
}

/** Whether any agent is meant: the home keeps events for all of them. */
export function eventReachesAny(state: StateReader, filters: EventFilters, ownNode: string): boolean {
  if (eventReaches(filters, ownNode, state.localServices())) return true;
  for (const row of state.nodes()) {
    if (isAgents(row) && eventReaches(filters, row.node, definedOn(state, row.node))) return true;
  }
  return false;
}

/** The node that an agent runs on, as it says itself. */
function isAgents({ id, origin }: NodeRow): boolean {
  return id !== '' && id === origin;
}

/** Without what every agent shows for itself. */
function* definedOn(state: StateReader, node: string): Iterable<InstanceFields> {
  for (const row of state.servicesOf(node)) if (row.id !== 'consul') yield row;
}
