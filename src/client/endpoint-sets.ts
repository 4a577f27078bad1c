import { endpointKey } from '../balancer/index.js';
import type { ServiceEndpoint, StringMap } from '../model/index.js';

/** From one set to the next, by `endpointKey`. */
export interface EndpointDifferences {
  readonly added: readonly ServiceEndpoint[];
  readonly removed: readonly ServiceEndpoint[];
  readonly changed: readonly { readonly before: ServiceEndpoint; readonly after: ServiceEndpoint }[];
}

/**
 * Whether two sets say the same, in whatever order. `lastCheck` does not count: it moves with every check that finds
 * things as they were.
 */
export function sameEndpoints(a: readonly ServiceEndpoint[], b: readonly ServiceEndpoint[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  if (a.every((endpoint, at) => sameEndpoint(endpoint, b[at] as ServiceEndpoint))) return true;
  const { added, removed, changed } = differences(a, b);
  return added.length === 0 && removed.length === 0 && changed.length === 0;
}

/** Endpoints of one key, which only a resolver without ids has, are told apart by their place among them. */
export function differences(
  before: readonly ServiceEndpoint[],
  after: readonly ServiceEndpoint[],
): EndpointDifferences {
  const old = byKey(before);
  const added: ServiceEndpoint[] = [];
  const changed: { before: ServiceEndpoint; after: ServiceEndpoint }[] = [];
  for (const [key, endpoint] of byKey(after)) {
    const known = old.get(key);
    old.delete(key);
    if (!known) added.push(endpoint);
    else if (!sameEndpoint(known, endpoint)) changed.push({ before: known, after: endpoint });
  }
  return { added, removed: [...old.values()], changed };
}

function byKey(endpoints: readonly ServiceEndpoint[]): Map<string, ServiceEndpoint> {
  const found = new Map<string, ServiceEndpoint>();
  for (const endpoint of endpoints) {
    let key = endpointKey(endpoint);
    for (let copy = 1; found.has(key); copy++) key = `${endpointKey(endpoint)} ${copy}`;
    found.set(key, endpoint);
  }
  return found;
}

function sameEndpoint(a: ServiceEndpoint, b: ServiceEndpoint): boolean {
  return (
    a === b ||
    (a.id === b.id &&
      a.address === b.address &&
      a.port === b.port &&
      a.node === b.node &&
      a.status === b.status &&
      a.healthy === b.healthy &&
      a.weight === b.weight &&
      a.service === b.service &&
      a.datacenter === b.datacenter &&
      a.locality.region === b.locality.region &&
      a.locality.zone === b.locality.zone &&
      sameTags(a.tags, b.tags) &&
      sameMetadata(a.metadata, b.metadata))
  );
}

function sameTags(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((tag, at) => tag === b[at]));
}

function sameMetadata(a: StringMap, b: StringMap): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key]);
}
