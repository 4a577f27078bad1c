import type { ConsulClient } from '../consul/index.js';
import { defaults, invalid } from '../model/index.js';
import type { DnsServerAddress } from './dns-client.js';

export interface DnsPlace {
  readonly server: DnsServerAddress;
  /** Without its last dot. */
  readonly domain: string;
}

interface DnsFacts {
  readonly DNSAddrs?: readonly string[] | null;
  readonly DNSDomain?: string;
}

/** Where DNS is: as given, else where the agent says it serves it, else the default port on loopback. */
export async function dnsPlace(agent: ConsulClient, given: string | undefined): Promise<DnsPlace> {
  const self = await agent.agent.self({ timeoutMs: 2_000 }).catch(() => undefined);
  const debug = self?.value.DebugConfig as DnsFacts | undefined;
  const domain = (debug?.DNSDomain ?? defaults.domain).replace(/\.$/, '');
  if (given !== undefined) return { server: parseServer(given), domain };
  const told = debug?.DNSAddrs?.find((address) => address.startsWith('udp://'))?.slice('udp://'.length);
  return {
    server: told === undefined ? { host: '127.0.0.1', port: defaults.dnsPort } : reachable(parseServer(told)),
    domain,
  };
}

function parseServer(text: string): DnsServerAddress {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text);
  const port = Number(match?.[3] ?? defaults.dnsPort);
  if (!match || port > 65_535) throw invalid(`"${text}" is not the address of a DNS server; write HOST:PORT`);
  return { host: match[1] ?? (match[2] as string), port };
}

/** A server on all addresses is reached on this machine's own. */
function reachable({ host, port }: DnsServerAddress): DnsServerAddress {
  if (host === '0.0.0.0') return { host: '127.0.0.1', port };
  return host === '::' ? { host: '::1', port } : { host, port };
}
