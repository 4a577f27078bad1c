export { createHttpApi } from './http-api.js';
export type { HttpApi, HttpListen } from './http-api.js';
export type * from './dependencies.js';
