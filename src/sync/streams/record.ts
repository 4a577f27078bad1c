import type { Row, RowRef } from '../../model/index.js';
import type { Priority } from '../messages.js';
import type { Stream } from './stream.js';

/** What an origin says of one identity. */
export interface Said {
  readonly hlc: number;
  /** Absent: it is gone. */
  readonly row: Row | undefined;
}

/** How the store of its target holds what a record says. */
export type Kept = 'nowhere' | 'row' | 'shadow';

/** One record of one stream; links are of the stream (by version) and of its space (others of the same identity). */
export class SyncedRecord implements Said {
  ver = 0;
  hlc = 0;
  row: Row | undefined = undefined;
  hash0 = 0;
  hash1 = 0;
  bytes = 0;
  kept: Kept = 'nowhere';
  /** Says something else than what is kept. */
  isFresh = false;
  urgency: Priority = 'registration';
  /** Since when it is a tombstone; of one with a clock, when it last hid a record. Monotonic ms. */
  goneSinceMs = 0;
  /** Name of the service that it was last a fact of: whom a deletion concerns. */
  service: string | undefined = undefined;
  /** Was a fact of several services, or of one we do not know: its end concerns whoever saw any. */
  wasOfOthers = false;
  older: SyncedRecord | undefined = undefined;
  newer: SyncedRecord | undefined = undefined;
  rival: SyncedRecord | undefined = undefined;

  constructor(
    readonly stream: Stream,
    readonly ref: RowRef,
    readonly key: string,
  ) {}

  /** Part of what the stream says now: not an ordinary tombstone. */
  get isContent(): boolean {
    return this.row !== undefined || this.hlc > 0;
  }
}

/** The name of the service that a row is a fact of; '' for nodes and their own checks. */
export function serviceOf(row: Row): string {
  if (row.kind === 'service') return row.service;
  return row.kind === 'check' && row.serviceId !== '' ? row.serviceName || UNNAMED : '';
}

/** No name matches it. */
const UNNAMED = '\u0000';
