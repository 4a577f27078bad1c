import { isIPv6 } from 'node:net';
import type { DnsServerAddress } from '../../dns/client/index.js';
import { parseIp } from '../../dns/wire/index.js';

type Entry = string | DnsServerAddress;

/** Entries of servers with what they leave open filled in. What is no server is left for the client to refuse. */
export function serverEntries(entries: readonly Entry[], port: number | undefined, cutsSilently: boolean): Entry[] {
  return entries.map((entry) => {
    if (typeof entry === 'string') return completed(entry, port, cutsSilently);
    const isPlain = entry.transport === undefined || entry.transport === 'udp' || entry.transport === 'tcp';
    const isSafe = !cutsSilently || entry.transport !== undefined || isLoopback(entry.host);
    return isPlain ? { ...(port !== undefined && { port }), ...(isSafe ? {} : { transport: 'tcp' }), ...entry } : entry;
  });
}

/**
 * `1.2.3.4`, `1.2.3.4:53`, `::1`, `[::1]:53`, each also after `udp://` or `tcp://`. Consul cuts an answer that is too large
 * for UDP without saying so (`enable_truncate` is off there), so it is asked over TCP unless the entry says otherwise; on
 * this machine the client takes datagrams of any size.
 */
function completed(entry: string, port: number | undefined, cutsSilently: boolean): string {
  const [, scheme = '', rest = ''] = /^((?:udp|tcp):\/\/)?(.*)$/is.exec(entry) ?? [];
  const [, bracketed, bare = '', ownPort] = isIPv6(rest)
    ? [rest, rest]
    : (/^(?:\[([^\]]+)\]|([^/:[\]#]+))(?::(\d+))?$/.exec(rest) ?? []);
  const host = bracketed ?? bare;
  if (host === '') return entry;
  const way = scheme === '' && cutsSilently && !isLoopback(host) ? 'tcp://' : scheme;
  const place = bracketed === undefined ? host : `[${host}]`;
  const number = ownPort ?? port;
  return number === undefined ? `${way}${place}` : `${way}${place}:${number}`;
}

function isLoopback(host: string): boolean {
  const address = parseIp(host)?.text ?? '';
  return address.startsWith('127.') || address === '::1';
}
