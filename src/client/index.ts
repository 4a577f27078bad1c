export type * from './discovery.js';
export type * from './registration/registration.js';
