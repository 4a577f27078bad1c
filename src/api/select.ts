import { checkServiceNodeShape, compileFilter, serviceNodeShape } from '../catalog/index.js';
import type { StructShape } from '../catalog/index.js';
import { hasAllTags, isDiscoveryError } from '../model/index.js';
import type { InstanceView, ServiceView, StringMap } from '../model/index.js';
import { withStatus } from './core/errors.js';
import type { Body } from './core/reply.js';
import type { ApiRequest } from './core/request.js';
import { nearFirst } from './near.js';
import { bodyOf, FACES } from './prepared.js';
import type { Face } from './prepared.js';
import type { ReadOptions } from './read-options.js';
import type { ReadSource } from './sources.js';

/**
 * What a list read keeps and in which order (docs/contract.md sections 1.7, 1.8): permitted, tags, node-meta; then
 * filter; then near.
 */

/** A bad filter is 500 everywhere, agent/ included. */
export function filterOf(text: string, shape: StructShape): (item: object) => boolean {
  return text === '' ? keepAll : filterOrRefusal(() => compileFilter(text, shape));
}

export function filterOrRefusal<T>(compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    throw isDiscoveryError(error, 'INVALID_ARGUMENT') ? withStatus(error, 500) : error;
  }
}

const keepAll = (): boolean => true;

export function hasMeta(meta: StringMap | null, wanted: ReadOptions['nodeMeta']): boolean {
  return wanted.every(([key, value]) => meta !== null && Object.hasOwn(meta, key) && meta[key] === value);
}

export function mayReadInstance(request: ApiRequest, instance: InstanceView): boolean {
  return (
    request.unrestricted ||
    (request.may('service', instance.service.service, 'read') && request.may('node', instance.node.node, 'read'))
  );
}

/** Instances that the reader may see and asked for. */
export function selectInstances(
  request: ApiRequest,
  options: ReadOptions,
  instances: readonly InstanceView[],
  face: Face,
): readonly InstanceView[] {
  const keep = instanceFilter(options.filter, face);
  const kept = instances.filter(
    (instance) =>
      hasAllTags(instance.service.tags, options.tags) &&
      hasMeta(instance.node.meta, options.nodeMeta) &&
      mayReadInstance(request, instance) &&
      keep(instance),
  );
  return nearFirst(request, options.near, kept, (instance) => instance.node.node);
}

/** The filter is over the item as it is sent. */
function instanceFilter(text: string, face: Face): (instance: InstanceView) => boolean {
  if (text === '') return keepAll;
  const keep = filterOf(text, SHAPES[face]);
  const toWire = FACES[face];
  return (instance) => keep(toWire(instance));
}

const SHAPES: Readonly<Record<Face, StructShape>> = { health: checkServiceNodeShape, catalog: serviceNodeShape };

/**
 * The body of a read by service. What depends on the service alone is prepared and shared; the order by distance
 * depends on coordinates, and what may be read on the reader. Of a large service the filter looks only at instances
 * that an index finds. `keep` is what the endpoint itself leaves out, under the name `variant`.
 */
export function instancesBody(
  request: ApiRequest,
  source: ReadSource,
  options: ReadOptions,
  view: ServiceView,
  face: Face,
  keep: (instance: InstanceView) => boolean = keepAll,
  variant = '',
): Body {
  const select = (): readonly InstanceView[] => {
    const candidates = narrowed(request, source, options, view, face);
    return selectInstances(request, options, keep === keepAll ? candidates : candidates.filter(keep), face);
  };
  if (!request.unrestricted || options.near !== '') return bodyOf(select(), face);
  // Names of one service in two datacenters must not take each other's place.
  const place = source.isLocal ? '' : `${source.datacenter} `;
  return request.api.prepared.get(view, face, place + variant + options.selection, select);
}

/** All instances that the filter can keep, and perhaps others. */
export function narrowed(
  { api }: ApiRequest,
  source: ReadSource,
  { filter }: ReadOptions,
  view: ServiceView,
  face: Face,
): readonly InstanceView[] {
  return filterOrRefusal(() => api.searches.of(source.catalog()).narrow(view, filter, face));
}
