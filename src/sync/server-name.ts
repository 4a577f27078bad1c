import { defaults, ServiceDiscoveryError } from '../model/index.js';

/** How Consul's status endpoints name a server: its address with the port that servers talk on. */
export function serverName(address: string): string {
  return hostPort(address, defaults.serverPort);
}

/** `10.0.0.1:8301`, `[::1]:8301`. */
export function hostPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Consul's words when nobody may decide. */
export function noLeader(): ServiceDiscoveryError {
  return new ServiceDiscoveryError('NOT_READY', 'No cluster leader', { details: { status: 500 } });
}
