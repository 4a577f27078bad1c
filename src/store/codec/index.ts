export { decodeRow, indexesIn } from './decode-row.js';
export { encodeRow } from './encode-row.js';
export { wrongField } from './row-shape.js';
