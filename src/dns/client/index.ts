export type * from './dns-answer.js';
