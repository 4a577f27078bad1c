export { MetadataManager } from './metadata-manager.js';
export type { SearchExplanation, SearchOptions } from './metadata-manager.js';
export type { MetadataQuery } from './query.js';
export { redactMeta } from './redact.js';
export type { IsPrivate } from './redact.js';
