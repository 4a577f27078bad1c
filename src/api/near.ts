import { jsonField } from '../model/index.js';
import type { Cluster, Json } from '../model/index.js';
import type { ApiRequest } from './core/request.js';

/**
 * Order by round-trip time between network coordinates (Vivaldi, as Consul keeps them: seconds in a Euclidean space,
 * plus a height for the last mile and an adjustment). Where a node has no coordinate its distance is unknown and it
 * goes last, keeping its place among the unknown; where the near node has none, nothing is sorted. This agent's own
 * node always has one: `near=_agent` puts what runs here first.
 */
interface Coordinate {
  readonly Vec: readonly number[];
  readonly Error: number;
  readonly Adjustment: number;
  readonly Height: number;
}

/** Where every node starts: the origin, with Serf's first guess of the error. */
export const ORIGIN: Coordinate = { Vec: [0, 0, 0, 0, 0, 0, 0, 0], Error: 1.5, Adjustment: 0, Height: 1e-5 };

export function nearFirst<T>(
  { api }: ApiRequest,
  near: string,
  items: readonly T[],
  nodeOf: (item: T) => string,
): readonly T[] {
  if (near === '') return items;
  return sortByDistance({ cluster: api.cluster, nodeName: api.handle.registry.nodeName }, near, items, nodeOf);
}

/** Whose coordinates, and which node `_agent` means. */
interface Place {
  readonly cluster: Pick<Cluster, 'home'>;
  readonly nodeName: string;
}

export function sortByDistance<T>(
  place: Place,
  near: string,
  items: readonly T[],
  nodeOf: (item: T) => string,
): readonly T[] {
  const from = coordinateOf(place, near === '_agent' ? place.nodeName : near);
  if (!from) return items;
  return items
    .map((item) => ({ item, seconds: distance(from, coordinateOf(place, nodeOf(item))) }))
    .toSorted((a, b) => (a.seconds === b.seconds ? 0 : a.seconds - b.seconds))
    .map(({ item }) => item);
}

function distance(a: Coordinate, b: Coordinate | undefined): number {
  if (!b || a.Vec.length !== b.Vec.length) return Number.POSITIVE_INFINITY;
  const squares = a.Vec.reduce((sum, at, i) => sum + (at - (b.Vec[i] as number)) ** 2, 0);
  const seconds = Math.sqrt(squares) + a.Height + b.Height;
  const adjusted = seconds + a.Adjustment + b.Adjustment;
  return adjusted > 0 ? adjusted : seconds;
}

/** Coordinates are small named documents of kind `coordinate`, by lower-cased node name. */
function coordinateOf({ cluster, nodeName }: Place, node: string): Coordinate | undefined {
  const document = cluster.home.catalog().config('coordinate', node.toLowerCase());
  const written = toCoordinate(jsonField(document?.body, 'Coord'));
  const isOwn = node.toLowerCase() === nodeName.toLowerCase();
  return written ?? (isOwn ? ORIGIN : undefined);
}

function toCoordinate(value: Json | undefined): Coordinate | undefined {
  const vector = jsonField(value, 'Vec');
  if (!Array.isArray(vector) || !vector.every((at) => typeof at === 'number')) return undefined;
  const number = (name: string): number => {
    const found = jsonField(value, name);
    return typeof found === 'number' ? found : 0;
  };
  return {
    Vec: vector,
    Error: number('Error'),
    Adjustment: number('Adjustment'),
    Height: number('Height'),
  };
}
