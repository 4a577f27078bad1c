export * from './service.js';
export * from './state.js';
