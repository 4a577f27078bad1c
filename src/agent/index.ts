export type { AgentAddresses } from './addresses.js';
export { startAgent, type Agent, type AgentEnd, type AgentOptions } from './agent.js';
export * from './config/index.js';
export { runUntilSignal, type RunOptions } from './run-until-signal.js';
export { proveConfig } from './prove-config.js';
