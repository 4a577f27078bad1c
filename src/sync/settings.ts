import { defaults } from '../model/index.js';

/** How sync behaves; keys of `sync` in the configuration. All times in milliseconds, sizes in bytes. */
export interface SyncSettings {
  /** Changes of our own wait so long for others to travel with, after the first of a series went at once. */
  readonly flushMs: number;
  /** …or until so much waits. */
  readonly flushBytes: number;
  /** Between two digests to a random peer of our datacenter, give or take a fifth. */
  readonly digestMs: number;
  readonly remoteFlushMs: number;
  readonly remoteDigestMs: number;
  readonly heartbeatMs: number;
  /** Silence after which a member is SUSPECT, a hint that removes nothing. */
  readonly suspectAfterMs: number;
  /** Silence after which monitors hold it dead. */
  readonly deadAfterMs: number;
  /** The same after hard evidence (nobody listens any more). */
  readonly hardDeadAfterMs: number;
  readonly monitors: number;
  /** Known agents without which nothing is ever expired. */
  readonly minNodes: number;
  /** The brake: so large a share of the last stable view, and at least two, lost within the window. */
  readonly lossShare: number;
  readonly lossWindowMs: number;
  readonly tombstoneMinMs: number;
  readonly tombstoneMaxMs: number;
  /** How long the rows of a dead member stay (`reconnect_timeout`). */
  readonly reconnectTimeoutMs: number;
  readonly compression: 'auto' | 'on' | 'off';
  /** What may wait for one peer: beyond it frames are dropped and repaired later. */
  readonly queueBytes: number;
  /** Of catching up, for each peer. */
  readonly bulkBytesPerSecond: number;
  /** Services that members of another datacenter are shown, by its name; names may end in `*`. Not listed = all. */
  readonly exports: Readonly<Record<string, readonly string[]>>;
}

export const defaultSyncSettings: SyncSettings = defaults.sync;
