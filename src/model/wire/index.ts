export * from './decode.js';
export * from './encode.js';
export * from './encode-state.js';
export * from './json.js';
export * from './service.js';
export * from './state.js';
export * from './write-json.js';
