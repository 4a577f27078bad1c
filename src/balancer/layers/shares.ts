import type { ServiceEndpoint } from '../../model/index.js';

/** A part of the endpoints and its part of the requests: versions side by side, canaries. */
export interface VersionSubset {
  readonly name: string;
  /** Share of the requests in relation to the other subsets, >= 0. A subset without a healthy endpoint gives its share away. */
  readonly weight: number;
  /** Whether an endpoint belongs to it. The first subset that accepts an endpoint has it; without one it is not used. */
  readonly accepts: (endpoint: ServiceEndpoint) => boolean;
}

/** Place of the subset an endpoint belongs to; -1 without one. */
export function subsetOf(endpoint: ServiceEndpoint, subsets: readonly VersionSubset[]): number {
  return subsets.findIndex(({ accepts }) => accepts(endpoint));
}
