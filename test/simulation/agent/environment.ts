import type { SyncSettings } from '../../../src/sync/index.js';
import type { Chance } from '../world/chance.js';
import type { EventQueue } from '../world/event-queue.js';
import type { Network } from '../world/network.js';
import type { Tally } from '../world/tally.js';
import type { Trace } from '../world/trace.js';
import type { Watcher } from './watcher.js';

/** What every agent shares with the others. */
export interface Environment {
  readonly queue: EventQueue;
  readonly network: Network;
  readonly trace: Trace;
  readonly tally: Tally;
  readonly settings: SyncSettings;
  readonly tempo: number;
  readonly watchers: readonly Watcher[];
  /** For ids, and for what an agent draws. */
  readonly chance: Chance;
  /** Ids of sessions by the names that scenarios give them. */
  readonly sessions: Map<string, string>;
  /** Where an agent that knows nobody finds the others. */
  readonly seeds: () => readonly { readonly address: string; readonly datacenter: string }[];
  readonly nodeOf: (slot: number) => string;
}
