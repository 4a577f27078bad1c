export * from './decode.js';
export * from './json.js';
export * from './service.js';
export * from './state.js';
