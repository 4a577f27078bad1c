export { isDiscoveryError, ServiceDiscoveryError } from './model/index.js';
export type { ErrorCode, ErrorDetails, Violation } from './model/index.js';
