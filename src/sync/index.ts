/** Registry synchronisation: what agents tell each other, and who is there (docs/sync.md). */
export { aloneCluster, isLone } from './alone-cluster.js';
export { isKey } from './connection/peer-keys.js';
export { HybridClock, hlcWallMs } from './hlc.js';
export type { Held, LocalSet, SyncHost } from './host.js';
export * from './messages.js';
export { ownDocument, storedIncarnation } from './step/own-info.js';
export type { StoredKeys } from './loop/cluster-keyring.js';
export type { RegistrySyncOptions } from './options.js';
export { protocolVersions } from './protocol.js';
export { RegistrySync } from './registry-sync.js';
export { parseSeed } from './seed-address.js';
export { defaultSyncSettings, type SyncSettings } from './settings.js';
export type { LocalChange, Merge, MergeTarget, Notice } from './step/types.js';
export { takeoverDocuments } from './streams/takeover.js';
