import type { BlockingQueries } from './blocking.js';
import type { ClusterQueries } from './cluster-queries.js';
import type { HttpApiDependencies } from './dependencies.js';
import type { HttpCounters } from './counters.js';
import type { PreparedBodies } from './prepared.js';
import type { Searches } from './searches.js';
import type { SeenReads } from './seen-reads.js';
import type { ReadSources } from './sources.js';
import type { Route } from './core/route.js';

/** What handlers share: the agent's parts and this API's own. */
export interface ApiContext extends HttpApiDependencies {
  readonly sources: ReadSources;
  readonly queries: ClusterQueries;
  readonly blocking: BlockingQueries;
  readonly counters: HttpCounters;
  readonly seen: SeenReads;
  readonly prepared: PreparedBodies;
  readonly searches: Searches;
  /** What ends each open event stream. */
  readonly streams: Set<() => void>;
  /** Every route there is: the API document is made from them. */
  readonly routes: readonly Route[];
}
