export * from './clock.js';
export * from './logger.js';
export * from './package-version.js';
export * from './random.js';
export * from './within-call.js';
