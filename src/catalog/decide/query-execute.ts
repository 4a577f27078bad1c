import { connectInstances, notFound } from '../../model/index.js';
import type {
  CatalogView,
  ExecuteOptions,
  InstanceView,
  PreparedService,
  QueryExecution,
  QueryRow,
  StringMap,
} from '../../model/index.js';
import { type Random, shuffled } from '../../runtime/index.js';
import type { QueryDirectory } from './query-directory.js';

/** What an execution needs beyond the catalog. */
export interface ExecuteContext {
  readonly random: Random;
  /** The node that `_agent` means. */
  readonly agentNode: string;
  /** Default ''. */
  readonly segment?: string;
  /** Instances by distance from a node, nearest first; as given when the distance is not known. Default: unknown. */
  sortByDistance?(from: string, instances: readonly InstanceView[]): readonly InstanceView[];
  /** Default: there is no other datacenter. */
  readonly failover?: FailoverDatacenters;
}

interface FailoverDatacenters {
  /** The others, nearest first. */
  readonly datacenters: readonly string[];
  /** Healthy instances there, at most `limit`; empty when it cannot be reached. */
  executeIn(datacenter: string, query: QueryRow, limit: number): readonly InstanceView[];
}

/** GET query/:idOrName/explain: the query as it would be executed. */
export function explainQuery(directory: QueryDirectory, nameOrId: string, segment = ''): QueryRow {
  const query = directory.resolve(nameOrId, { segment });
  if (!query) throw notFound('Query not found');
  return query;
}

/** GET query/:idOrName/execute, and DNS (docs/contract.md section 3.10). */
export function executeQuery(
  catalog: CatalogView,
  directory: QueryDirectory,
  nameOrId: string,
  options: ExecuteOptions,
  context: ExecuteContext,
): QueryExecution {
  const query = explainQuery(directory, nameOrId, context.segment);
  const limit = options.limit && options.limit > 0 ? options.limit : Number.POSITIVE_INFINITY;
  const instances = wantedInstances(catalog, query.service, options.connect);
  const nodes = nearFirst(shuffled(instances, context.random), options, query, context).slice(0, limit);
  const local = { query, service: query.service, name: nameOrId, nodes, datacenter: catalog.datacenter, failovers: 0 };
  return nodes.length > 0 ? local : { ...local, ...failOver(query, limit, context, catalog.datacenter) };
}

/** Healthy instances that a query wants of a datacenter, in no order. */
export function wantedInstances(
  catalog: CatalogView,
  service: PreparedService,
  connect = false,
): readonly InstanceView[] {
  const instances =
    connect || service.connect
      ? connectInstances(catalog, service.service)
      : catalog.serviceView(service.service).instances;
  const tags = tagRules(service.tags ?? []);
  return instances.filter(
    (instance) =>
      isHealthy(instance, service) &&
      hasMeta(instance.node.meta, service.nodeMeta) &&
      hasMeta(instance.service.meta, service.serviceMeta) &&
      fitsTags(instance.service.tags, tags),
  );
}

function isHealthy({ checks }: InstanceView, { onlyPassing, ignoreCheckIds }: PreparedService): boolean {
  return checks.every(
    ({ checkId, status }) =>
      ignoreCheckIds?.includes(checkId) || (status !== 'critical' && (!onlyPassing || status === 'passing')),
  );
}

function hasMeta(meta: StringMap | null, wanted: StringMap | null): boolean {
  return Object.entries(wanted ?? {}).every(
    ([key, value]) => meta !== null && Object.hasOwn(meta, key) && meta[key] === value,
  );
}

interface TagRules {
  readonly all: readonly string[];
  readonly none: readonly string[];
}

function tagRules(tags: readonly string[]): TagRules {
  const folded = tags.map((tag) => tag.toLowerCase());
  return {
    all: folded.filter((tag) => !tag.startsWith('!')),
    none: folded.filter((tag) => tag.startsWith('!')).map((tag) => tag.slice(1)),
  };
}

function fitsTags(tags: readonly string[], { all, none }: TagRules): boolean {
  if (all.length === 0 && none.length === 0) return true;
  const present = new Set(tags.map((tag) => tag.toLowerCase()));
  return all.every((tag) => present.has(tag)) && !none.some((tag) => present.has(tag));
}

/** How deep in a sorted list the node asked from itself may be and still be brought to the front. */
const OWN_NODE_DEPTH = 10;

/** What the caller asks wins over what the query says. */
function nearFirst(
  instances: readonly InstanceView[],
  options: ExecuteOptions,
  query: QueryRow,
  context: ExecuteContext,
): readonly InstanceView[] {
  const near = options.near || query.service.near;
  const from = near === '_agent' ? context.agentNode : near;
  if (from === '' || from === '_ip') return instances;
  const sorted = [...(context.sortByDistance?.(from, instances) ?? instances)];
  const own = sorted.findIndex(({ node }) => node.node.toLowerCase() === from.toLowerCase());
  if (own <= 0 || own >= OWN_NODE_DEPTH) return sorted;
  [sorted[0], sorted[own]] = [sorted[own] as InstanceView, sorted[0] as InstanceView];
  return sorted;
}

/** The nearest first, then those the query names; each is tried once, and unknown ones are not tried at all. */
function failOver(
  query: QueryRow,
  limit: number,
  { failover }: ExecuteContext,
  local: string,
): Pick<QueryExecution, 'nodes' | 'datacenter' | 'failovers'> {
  const { nearestN, datacenters } = query.service.failover;
  const known = (failover?.datacenters ?? []).filter((datacenter) => datacenter !== local);
  const named = (datacenters ?? []).filter((datacenter) => known.includes(datacenter));
  let last = { nodes: [] as readonly InstanceView[], datacenter: local, failovers: 0 };
  for (const datacenter of new Set([...known.slice(0, nearestN), ...named])) {
    const nodes = failover?.executeIn(datacenter, query, limit) ?? [];
    last = { nodes, datacenter, failovers: last.failovers + 1 };
    if (nodes.length > 0) break;
  }
  return last;
}
