/** Which server, and how it is spoken to. */
import { isIP } from 'node:net';
import { invalid, limits } from '../../model/index.js';

export type DnsTransport = 'udp' | 'tcp' | 'tls' | 'https';

export interface DnsServerAddress {
  /** `udp` turns to TCP for what does not fit. Default udp. */
  readonly transport?: DnsTransport;
  /** An IP address; for tls and https a name too, which the system looks up when a connection is made. */
  readonly host: string;
  /** Default: 53, 853 for tls, 443 for https. */
  readonly port?: number;
  /** Name in the server's certificate. Default: the host. tls and https only. */
  readonly servername?: string;
  /** Certificates of the authorities to trust instead of the system's, PEM. tls and https only. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
  /** Of the URL; default /dns-query. https only. */
  readonly path?: string;
}

/** With every default filled in. */
export interface CheckedAddress {
  readonly transport: DnsTransport;
  readonly host: string;
  readonly port: number;
  readonly servername: string;
  readonly ca: DnsServerAddress['ca'];
  readonly path: string;
}

const ports: Readonly<Record<DnsTransport, number>> = { udp: 53, tcp: 53, tls: 853, https: 443 };
const entryForms =
  '1.2.3.4, 127.0.0.1:8600, [::1]:53, tcp://1.2.3.4, tls://host:853#servername or https://host/dns-query';
const hostName = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})*\.?$/i;

/** Throws INVALID_ARGUMENT naming the entry and the rule it breaks. */
export function checkedServers(entries: readonly (string | DnsServerAddress)[]): readonly CheckedAddress[] {
  if (!Array.isArray(entries) || entries.length === 0) throw refused('', 'names at least one DNS server', 'servers');
  if (entries.length > limits.dnsClientServers) {
    throw refused('', `names at most ${limits.dnsClientServers} DNS servers`, 'servers');
  }
  return entries.map((entry: unknown, i) => checkedServer(entry, `servers[${i}]`));
}

/** `udp://127.0.0.1:8600`, `https://dns.example:443/dns-query`: how a server is called in answers and errors. */
export function serverText({ transport, host, port, path }: CheckedAddress): string {
  const place = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return `${transport}://${place}${transport === 'https' ? path : ''}`;
}

function checkedServer(entry: unknown, field: string): CheckedAddress {
  if (typeof entry !== 'string' && (typeof entry !== 'object' || entry === null)) {
    throw refused(String(entry), `is a text such as ${entryForms}, or an object`, field);
  }
  const given = typeof entry === 'string' ? parsed(entry, field) : (entry as DnsServerAddress);
  const shown = typeof entry === 'string' ? entry : JSON.stringify({ ...given, ca: undefined });
  const { transport = 'udp', host, servername = host, ca, path = '/dns-query' } = given;
  if (!Object.hasOwn(ports, transport)) throw refused(shown, 'has a transport of udp, tcp, tls or https', field);
  const { port = ports[transport] } = given;
  const isEncrypted = transport === 'tls' || transport === 'https';
  if (typeof host !== 'string' || (isIP(host) === 0 && !(isEncrypted && hostName.test(host)))) {
    const rule = isEncrypted ? 'a host name or an IP address' : 'an IP address: who would look up a name?';
    throw refused(shown, `has as its host ${rule}; for example ${entryForms}`, field);
  }
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw refused(shown, 'has a port of 1 to 65535', field);
  if (!isEncrypted && (given.servername !== undefined || ca !== undefined)) {
    throw refused(shown, 'has servername and ca with tls and https only', field);
  }
  if (transport !== 'https' && given.path !== undefined) throw refused(shown, 'has a path with https only', field);
  if (!/^\/[!-~]*$/.test(path)) throw refused(shown, 'has a path that begins with /', field);
  return { transport, host, port, servername, ca, path };
}

function parsed(text: string, field: string): DnsServerAddress {
  if (isIP(text) !== 0) return { host: text };
  const [, scheme, rest = ''] = /^(?:([a-z]+):\/\/)?(.*)$/is.exec(text) ?? [];
  if (scheme?.toLowerCase() === 'https') return fromUrl(text, field);
  if (isIP(rest) !== 0) return withScheme(scheme, { host: rest });
  const match = /^(?:\[([^\]]+)\]|([^:#[\]/]+))(?::([^:#]*))?(?:#(.+))?$/.exec(rest);
  if (!match) throw refused(text, `is one of ${entryForms}`, field);
  const [, bracketed, bare = '', port, servername] = match;
  if (bracketed !== undefined && isIP(bracketed) !== 6) throw refused(text, 'has an IPv6 address in brackets', field);
  if (port !== undefined && !/^\d{1,5}$/.test(port)) throw refused(text, 'has a port of 1 to 65535', field);
  return withScheme(scheme, {
    host: bracketed ?? bare,
    ...(port !== undefined && { port: Number(port) }),
    ...(servername !== undefined && { servername }),
  });
}

function withScheme(scheme: string | undefined, rest: DnsServerAddress): DnsServerAddress {
  return scheme === undefined ? rest : { ...rest, transport: scheme.toLowerCase() as DnsTransport };
}

function fromUrl(text: string, field: string): DnsServerAddress {
  if (!URL.canParse(text)) throw refused(text, 'is a URL such as https://host/dns-query', field);
  const { hostname, port, pathname, search, username, hash } = new URL(text);
  if (username !== '') throw refused('https://…', 'has no user or password in it', field);
  return {
    transport: 'https',
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(port !== '' && { port: Number(port) }),
    ...(hash !== '' && { servername: hash.slice(1) }),
    path: pathname === '/' && search === '' ? '/dns-query' : `${pathname}${search}`,
  };
}

function refused(entry: string, rule: string, field: string): Error {
  const message =
    field === 'servers' ? `servers: the list ${rule}` : `${field}: "${entry}" is no DNS server: one ${rule}`;
  return invalid(message, [{ field, rule }]);
}
