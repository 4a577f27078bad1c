export * from './address.js';
export * from './codes.js';
export * from './decode.js';
export * from './encode.js';
export * from './message.js';
export * from './name.js';
export * from './parse-error.js';
export * from './record-text.js';
export { codeOf } from './rdata.js';
