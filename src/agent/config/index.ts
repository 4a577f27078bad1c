export type {
  AgentConfig,
  CheckConfig,
  DnsConfig,
  HttpConfig,
  LogLevel,
  PeerConfig,
  TlsFiles,
} from './agent-config.js';
export { decodeService } from './definitions.js';
export { environmentNames, type AgentFlags } from './inputs.js';
export { isLoopback, showListen, type ListenAddress } from './listen.js';
export { loadConfig, type LoadedConfig } from './load.js';
export { printedValues, type PrintedValue } from './print.js';
