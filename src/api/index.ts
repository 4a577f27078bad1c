export { ClusterQueries } from './cluster-queries.js';
export { createHttpApi } from './http-api.js';
export type { HttpApi } from './http-api.js';
export type * from './dependencies.js';
