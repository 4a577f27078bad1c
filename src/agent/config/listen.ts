import { networkInterfaces } from 'node:os';
import { BlockList, isIP } from 'node:net';
import { invalid } from '../../model/index.js';

/** Where a server listens: a host and port, or a unix socket. Port 0 = any free one. */
export type ListenAddress =
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  | { readonly type: 'unix'; readonly path: string };

/** `HOST:PORT`, `[IPV6]:PORT`, `:PORT` or `unix:///path`, as given to a flag. */
export function parseListen(text: string, what: string): { host?: string; port?: number } {
  if (text.startsWith('unix://')) return { host: text };
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) {
    throw invalid(`${what} "${text}" is not an address; write HOST:PORT, for example 127.0.0.1:8500 or [::1]:8500`);
  }
  const host = match[1] ?? match[2] ?? '';
  return host === '' ? { port } : { host, port };
}

/** Every address of a space-separated list, on one port. None when the port is -1. */
export function listenAddresses(hosts: string, port: number): ListenAddress[] {
  return splitHosts(hosts).flatMap((host): ListenAddress[] => {
    if (host.startsWith('unix://')) return [{ type: 'unix', path: host.slice('unix://'.length) }];
    return port < 0 ? [] : [{ type: 'tcp', host, port }];
  });
}

export function splitHosts(hosts: string): string[] {
  return hosts
    .split(/\s+/)
    .filter((host) => host !== '')
    .map((host) => host.replace(/^\[(.*)\]$/, '$1'));
}

/** `127.0.0.1:8500`, `[::1]:8500`, `unix:///run/datapunk.sock`. */
export function showListen(address: ListenAddress): string {
  if (address.type === 'unix') return `unix://${address.path}`;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

export function isLoopback(address: ListenAddress): boolean {
  if (address.type === 'unix' || address.host === 'localhost') return true;
  return loopback.check(address.host, isIP(address.host) === 6 ? 'ipv6' : 'ipv4');
}

export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

const privateNetworks = new BlockList();
privateNetworks.addSubnet('10.0.0.0', 8, 'ipv4');
privateNetworks.addSubnet('172.16.0.0', 12, 'ipv4');
privateNetworks.addSubnet('192.168.0.0', 16, 'ipv4');
privateNetworks.addSubnet('100.64.0.0', 10, 'ipv4');

/** The first private IPv4 address of this machine, else its first outside one, else loopback (Consul's order). */
export function machineAddress(interfaces = networkInterfaces()): string {
  const outside = Object.values(interfaces)
    .flatMap((items) => items ?? [])
    .filter((item) => !item.internal);
  const v4 = outside.filter((item) => item.family === 'IPv4').map((item) => item.address);
  const v6 = outside.filter((item) => item.family === 'IPv6' && item.scopeid === 0).map((item) => item.address);
  return v4.find((address) => privateNetworks.check(address)) ?? v4[0] ?? v6[0] ?? '127.0.0.1';
}
