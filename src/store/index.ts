export * from './archive/index.js';
export * from './embedded/index.js';
export * from './memory/index.js';
