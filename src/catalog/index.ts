export { Catalog } from './catalog.js';
export type { AppliedChange } from './catalog.js';
export { Head } from './head/head.js';
export * from './filter/index.js';
export { compileRegexp } from './regexp.js';
export * from './decide/index.js';
export * from './metadata/index.js';
