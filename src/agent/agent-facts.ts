import type { AgentFacts } from '../api/index.js';
import type { Registry } from '../registry/index.js';
import { packageVersion, realClock } from '../runtime/index.js';
import type { AgentAddresses } from './addresses.js';
import type { AgentConfig } from './config/index.js';

/** What `agent/self`, `agent/members` and `status/…` tell of this agent. */
export function agentFacts(
  config: AgentConfig,
  registry: Registry,
  addresses: () => AgentAddresses | undefined,
): AgentFacts {
  return {
    version: packageVersion(),
    revision: packageVersion(),
    startedAtWall: realClock.wall(),
    indexSpace: () => registry.indexSpace,
    debugConfig: () => debugConfig(config, addresses()),
    unready: () => [
      ...(registry.catalog.ready ? [] : ['the catalog is not loaded yet']),
      ...(addresses() ? [] : ['not all servers listen yet']),
    ],
  };
}

/** The running configuration for `agent/self`: no definitions, whose tokens and headers are secret, and no key files. */
function debugConfig(config: AgentConfig, addresses: AgentAddresses | undefined): object {
  const { datacenter, dev, dataDir, log, dns, checks, advertiseAddress, nodeName } = config;
  return {
    Datacenter: datacenter,
    DevMode: dev,
    DataDir: dataDir ?? '',
    NodeName: nodeName,
    AdvertiseAddrLAN: advertiseAddress,
    HTTPAddrs: addresses?.http.map(withScheme('tcp')) ?? [],
    HTTPSAddrs: addresses?.https.map(withScheme('tcp')) ?? [],
    DNSAddrs: ['tcp', 'udp'].flatMap((transport) => addresses?.dns.map(withScheme(transport)) ?? []),
    DNSTLSAddrs: addresses?.dnsTls.map(withScheme('tcp')) ?? [],
    DNSHTTPSAddrs: addresses?.dnsHttps.map(withScheme('tcp')) ?? [],
    SerfBindAddrLAN: addresses?.peer ?? '',
    DNSDomain: dns.domain,
    DNSRecursors: dns.recursors,
    LogLevel: log.level,
    EnableRemoteScriptChecks: checks.enableScripts,
    EnableLocalScriptChecks: checks.enableLocalScripts,
    CheckUpdateIntervalMs: checks.updateIntervalMs,
    SnapshotIntervalMs: config.snapshots?.intervalMs ?? 0,
  };
}

function withScheme(scheme: string): (address: string) => string {
  return (address) => (address.startsWith('unix://') ? address : `${scheme}://${address}`);
}
