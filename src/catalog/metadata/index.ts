export { MetadataManager } from './metadata-manager.js';
export type { MetadataManagerOptions, SearchExplanation, SearchOptions } from './metadata-manager.js';
export type { FilteredItem } from './hints.js';
export type { FieldCondition, MetadataQuery, MetadataRange } from './query.js';
export { redactMeta } from './redact.js';
export type { IsPrivate } from './redact.js';
