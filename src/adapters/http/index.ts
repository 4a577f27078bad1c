export type { Discovery } from '../../client/index.js';
