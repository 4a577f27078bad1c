import type { CatalogView, QueryExecution } from '../../model/index.js';
import type { ResourceRecord } from '../wire/index.js';
import type { Datacenters } from './datacenters.js';
import type { DnsOptions } from './dns-options.js';
import type { StaticRecords } from './static-records.js';

/** The one command DNS needs of the registry. Throws NOT_FOUND for an unknown query. */
export interface QueryExecutor {
  executeQuery(nameOrId: string, options: { readonly datacenter: string }): QueryExecution;
}

/** All that an answer depends on besides its question. Answering is a pure function of both. */
export interface AnswerContext {
  /** Of the datacenter that is answered of. */
  readonly catalog: CatalogView;
  readonly datacenters: Datacenters;
  readonly queries: QueryExecutor;
  readonly options: DnsOptions;
  readonly records: StaticRecords;
  /** What the asker may see (the policy, asked with DNS's token). */
  readonly mayRead: (kind: 'service' | 'node' | 'query', name: string) => boolean;
  /** Metadata keys that never leave over DNS. */
  readonly isPrivateKey: (key: string) => boolean;
  /** Serial of the zone: seconds since the epoch. */
  readonly serial: () => number;
  /** The order of instances in an answer: a shuffle, made anew for every question. */
  readonly order: <T>(items: readonly T[]) => readonly T[];
  /** What recursors said of names outside our domain: folded name → records. */
  readonly foreign: ReadonlyMap<string, readonly ResourceRecord[]>;
}
