import { isIPv6 } from 'node:net';
import type { CheckDefinition } from '../model/index.js';
import { invalid } from '../model/index.js';

/** Where a check connects to. An IPv6 host stands without its brackets. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

const BRACKETED = /^\[([^\]]*)\]:(\d{1,5})$/;
const PLAIN = /^([^:]*):(\d{1,5})$/;

/** `host:port` or `[v6]:port`. An empty host is this machine, as for Go's dialler. */
export function parseTarget(text: string): Target {
  const match = BRACKETED.exec(text) ?? PLAIN.exec(text);
  const port = Number(match?.[2]);
  if (!match || port < 1 || port > 65_535) throw invalid(`address ${text}: missing or invalid port in address`);
  return { host: match[1] || 'localhost', port };
}

/** `host:port/service`; no service asks about the server as a whole. */
export function parseGrpcTarget(text: string): Target & { readonly service: string } {
  const slash = text.indexOf('/');
  if (slash < 0) return { ...parseTarget(text), service: '' };
  return { ...parseTarget(text.slice(0, slash)), service: text.slice(slash + 1) };
}

export function hostPort({ host, port }: Target): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * What counts as one target for the limit of checks at once: host and port, so that one hung service does not hold up
 * its neighbours on the same machine. '' has no target and no limit of its own.
 */
export function targetKey(check: CheckDefinition): string {
  switch (check.type) {
    case 'http':
      return URL.canParse(check.target) ? new URL(check.target).host : check.target;
    case 'tcp':
    case 'udp':
    case 'h2ping':
    case 'custom':
      return check.target.toLowerCase();
    case 'grpc':
      return check.target.split('/', 1)[0]?.toLowerCase() ?? '';
    default:
      return '';
  }
}
