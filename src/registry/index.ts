/**
 * A service registry inside your own process: register, check, discover, lock, without a socket.
 */
export { createRegistry } from './create-registry.js';
export type { CheckOptions, NodeOptions, RegistryOptions } from './options.js';
export type { Registry } from './registry.js';
export type { RegistryEventName, RegistryEvents } from './registry-events.js';
export type { ExpiryReason } from './expiry-marks.js';
