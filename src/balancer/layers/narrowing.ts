/**
 * A client of a large service talks to a few of its endpoints only: spread over all, each connection would carry so few
 * requests that the client learns nothing of any endpoint, and choosing by load would be choosing by chance. Endpoints
 * are ordered by rendezvous hashing with the client's own seed, so clients spread, and an endpoint that comes or goes
 * changes at most one member of each client's subset.
 */
export interface SubsetOptions {
  /** The smallest subset. Default 10. It grows while more than 2 requests are in flight for each member. */
  readonly size?: number;
  /** Makes this client's order of the endpoints; equal seeds choose equal subsets. Default: random for each balancer. */
  readonly seed?: string;
}

/** Requests in flight for each member between which the subset keeps its size. */
const LEAST_INFLIGHT = 0.5;
const MOST_INFLIGHT = 2;

/** The size that suits this many requests in flight on average. */
export function subsetSize(currentSize: number, inflight: number, smallest: number): number {
  const perMember = inflight / currentSize;
  if (perMember >= LEAST_INFLIGHT && perMember <= MOST_INFLIGHT) return currentSize;
  return Math.max(smallest, Math.ceil(inflight));
}

export function narrowed<T extends { readonly rank: number }>(members: readonly T[], size: number): readonly T[] {
  if (members.length <= size) return members;
  return members.toSorted((a, b) => a.rank - b.rank).slice(0, size);
}
