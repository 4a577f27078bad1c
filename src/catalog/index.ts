export { Catalog } from './catalog.js';
export type { AppliedChange } from './catalog.js';
export { Head } from './head/head.js';
