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

/** Members for each request in flight: half a request each, so that there is mostly a free one and never long none asked. */
const MEMBERS_PER_REQUEST = 2;
/** How far the size may be from what it should be before it changes: changing costs connections. */
const TOO_SMALL = 0.8;
const TOO_LARGE = 1.6;

/** The size that suits this many requests in flight on average. */
export function subsetSize(currentSize: number, inflight: number, smallest: number): number {
  const wanted = Math.max(smallest, Math.ceil(inflight * MEMBERS_PER_REQUEST));
  return currentSize < wanted * TOO_SMALL || currentSize > wanted * TOO_LARGE ? wanted : currentSize;
}

export function narrowed<T extends { readonly rank: number }>(members: readonly T[], size: number): readonly T[] {
  if (members.length <= size) return members;
  return members.toSorted((a, b) => a.rank - b.rank).slice(0, size);
}
