import { createBalancer, type BalancerOptions, type VersionSubset } from '../../balancer/index.js';
import type { ServiceEndpoint } from '../../model/index.js';
import { broken, refuseUnknown } from '../query.js';

/** How endpoints of a service are chosen (docs/balancing.md). */
export interface Balancing extends Omit<BalancerOptions, 'clock' | 'random' | 'subsets'> {
  /** Parts of the requests for parts of the endpoints, told apart by a filter expression or a function. */
  readonly subsets?: readonly SubsetRequest[];
}

export interface SubsetRequest {
  readonly name: string;
  /** Its share in relation to the others'. */
  readonly weight: number;
  /** `Service.Meta.version == "2.0.0"`: the language of `discoverService`, over Node, Service and Checks' status. */
  readonly filter?: string;
  /** Instead of `filter`. */
  readonly accepts?: (endpoint: ServiceEndpoint) => boolean;
}

const BALANCING: readonly (keyof Balancing)[] = [
  'policy',
  'locality',
  'subset',
  'subsets',
  'ejection',
  'panic',
  'slowStart',
  'overprovisioning',
  'onEvent',
];
const SUBSET: readonly (keyof SubsetRequest)[] = ['name', 'weight', 'filter', 'accepts'];

/** Throws INVALID_ARGUMENT naming the option that breaks a rule. Filters are looked at when they are used first. */
export function checkBalancing(balancing: Balancing): void {
  refuseUnknown(balancing, BALANCING);
  const { subsets } = balancing;
  if (subsets !== undefined && !Array.isArray(subsets)) throw broken('subsets', 'must be a list');
  for (const [at, subset] of (subsets ?? []).entries()) {
    if (typeof subset !== 'object' || subset === null) throw broken(`subsets[${at}]`, 'must be an object');
    refuseUnknown(subset, SUBSET);
    const { filter, accepts } = subset as SubsetRequest;
    if (filter !== undefined && accepts !== undefined)
      throw broken(`subsets[${at}]`, 'has a filter or a function accepts, not both');
    if (filter !== undefined && (typeof filter !== 'string' || filter === ''))
      throw broken(`subsets[${at}].filter`, 'must be a filter expression');
  }
  const plain = subsets?.map((subset) => ({ ...subset, accepts: subset.accepts ?? (() => true) }));
  createBalancer({ ...balancing, subsets: plain, clock: STILL, random: STILL }).close();
}

/** For a balancer that chooses nothing. */
const STILL = { now: () => 0, next: () => 0 };

export interface CompiledBalancing {
  readonly options: Omit<BalancerOptions, 'clock' | 'random'>;
  /** To be awaited before the first choice; rejects with INVALID_ARGUMENT when a filter is none. */
  readonly prepared: Promise<void> | undefined;
}

/** The filter language is loaded only when a filter is used: it is a third of what the client library weighs. */
export function compileBalancing({ subsets, ...rest }: Balancing): CompiledBalancing {
  if (!subsets) return { options: rest, prepared: undefined };
  const loads: Promise<void>[] = [];
  const compiled = subsets.map((subset): VersionSubset => {
    const { name, weight, filter } = subset;
    if (filter === undefined) return { name, weight, accepts: subset.accepts ?? (() => true) };
    let accepts: ((endpoint: ServiceEndpoint) => boolean) | undefined;
    loads.push(filterOf(filter).then((loaded) => void (accepts = loaded)));
    return { name, weight, accepts: (endpoint) => accepts?.(endpoint) ?? false };
  });
  const prepared = loads.length === 0 ? undefined : Promise.all(loads).then(() => {});
  // Whoever waits for it is told; nobody has to.
  prepared?.catch(() => {});
  return { options: { ...rest, subsets: compiled }, prepared };
}

async function filterOf(text: string): Promise<(endpoint: ServiceEndpoint) => boolean> {
  const { compileFilter, checkServiceNodeShape } = await import('../../catalog/index.js');
  const filter = compileFilter(text, checkServiceNodeShape);
  return (endpoint) => filter(asHealthEntry(endpoint));
}

/** An endpoint in the form of a health entry, as far as it knows it. */
function asHealthEntry(endpoint: ServiceEndpoint): object {
  const { id, service, address, port, tags, metadata, node, datacenter, status, weight } = endpoint;
  return {
    Node: { ID: '', Node: node, Address: address, Datacenter: datacenter, TaggedAddresses: null, Meta: null },
    Service: {
      ID: id,
      Service: service,
      Address: address,
      Port: port,
      Tags: tags,
      Meta: metadata,
      Weights: { Passing: weight, Warning: weight },
      EnableTagOverride: false,
    },
    Checks: [
      { Node: node, CheckID: '', Name: '', Status: status, ServiceID: id, ServiceName: service, ServiceTags: tags },
    ],
  };
}
