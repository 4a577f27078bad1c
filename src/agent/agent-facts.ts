import type { AgentFacts } from '../api/index.js';
import { defaults } from '../model/index.js';
import type { Registry } from '../registry/index.js';
import { realClock } from '../runtime/index.js';
import { showListen, type AgentConfig } from './config/index.js';
import { packageVersion } from './package-version.js';

/** What `agent/self`, `agent/members` and `status/…` tell of this agent. */
export function agentFacts(config: AgentConfig, registry: Registry): AgentFacts {
  const { datacenter, advertiseAddress } = config;
  return {
    version: packageVersion(),
    revision: packageVersion(),
    address: advertiseAddress,
    serverPort: defaults.serverPort,
    startedAtWall: realClock.wall(),
    indexSpace: () => registry.indexSpace,
    members: () => [
      {
        name: registry.nodeName,
        address: advertiseAddress,
        port: defaults.peerPort,
        status: 'alive',
        tags: {
          role: 'consul',
          dc: datacenter,
          id: registry.nodeId,
          port: String(defaults.serverPort),
          build: defaults.consulVersion,
          segment: '',
          bootstrap: '1',
        },
      },
    ],
    debugConfig: () => debugConfig(config),
    unready: () => (registry.catalog.ready ? [] : ['the catalog is not loaded yet']),
  };
}

/** The running configuration for `agent/self`: no definitions, whose tokens and headers are secret, and no key files. */
function debugConfig(config: AgentConfig): object {
  const { datacenter, dev, dataDir, listen, log, dns, checks, advertiseAddress, nodeName } = config;
  return {
    Datacenter: datacenter,
    DevMode: dev,
    DataDir: dataDir ?? '',
    NodeName: nodeName,
    AdvertiseAddrLAN: advertiseAddress,
    HTTPAddrs: listen.http.map(showListen),
    HTTPSAddrs: listen.https.map(showListen),
    DNSAddrs: listen.dns.map(showListen),
    DNSDomain: dns.domain,
    DNSRecursors: dns.recursors,
    LogLevel: log.level,
    EnableRemoteScriptChecks: checks.enableScripts,
    EnableLocalScriptChecks: checks.enableLocalScripts,
    CheckUpdateIntervalMs: checks.updateIntervalMs,
    SnapshotIntervalMs: config.snapshots?.intervalMs ?? 0,
  };
}
