import { compileFilter } from '../catalog/index.js';
import type { StructShape } from '../catalog/index.js';
import { isDiscoveryError } from '../model/index.js';
import type { InstanceView, NodeRow, StringMap, Wire } from '../model/index.js';
import { withStatus } from './core/errors.js';
import type { ApiRequest } from './core/request.js';
import { sortByDistance } from './near.js';
import type { ReadOptions } from './read-options.js';

/** What a list read keeps and in which order (CONTRACT 1.7, 1.8): permitted, tags, node-meta; then filter; then near. */

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

function hasAllTags(tags: readonly string[], wanted: readonly string[]): boolean {
  if (wanted.length === 0) return true;
  const folded = new Set(tags.map((tag) => tag.toLowerCase()));
  return wanted.every((tag) => folded.has(tag.toLowerCase()));
}

export function hasMeta(meta: StringMap | null, wanted: ReadOptions['nodeMeta']): boolean {
  return wanted.every(([key, value]) => meta !== null && Object.hasOwn(meta, key) && meta[key] === value);
}

export function mayReadInstance(request: ApiRequest, instance: InstanceView): boolean {
  return (
    request.unrestricted ||
    (request.may('service', instance.service.service, 'read') && request.may('node', instance.node.node, 'read'))
  );
}

/** Instances that the reader may see and asked for, as `toWire` shows them. */
export function selectInstances(
  request: ApiRequest,
  options: ReadOptions,
  instances: readonly InstanceView[],
  shape: StructShape,
  toWire: (instance: InstanceView) => Wire,
): Wire[] {
  const keep = filterOf(options.filter, shape);
  const kept: { readonly node: NodeRow; readonly wire: Wire }[] = [];
  for (const instance of instances) {
    if (!hasAllTags(instance.service.tags, options.tags)) continue;
    if (!hasMeta(instance.node.meta, options.nodeMeta) || !mayReadInstance(request, instance)) continue;
    const wire = toWire(instance);
    if (keep(wire)) kept.push({ node: instance.node, wire });
  }
  return sortByDistance(request, options.near, kept, (item) => item.node.node).map((item) => item.wire);
}

/** Whether a read takes a service as it is, so that what is prepared for all can answer it. */
export function selectsAll(request: ApiRequest, options: ReadOptions): boolean {
  return (
    request.unrestricted &&
    options.filter === '' &&
    options.near === '' &&
    options.tags.length === 0 &&
    options.nodeMeta.length === 0 &&
    !request.query.has('pretty')
  );
}
