import { join } from 'node:path';
import { EventEmitter, once } from 'node:events';
import { ClusterQueries, createHttpApi, type HttpApi } from '../api/index.js';
import { createDnsServer, type DnsServer } from '../dns/index.js';
import { allowAll, type Cluster, type ServiceDiscoveryError } from '../model/index.js';
import { createRegistry, type CheckOptions, type Registry } from '../registry/index.js';
import { realClock, realRandom, type Network } from '../runtime/index.js';
import { openEmbeddedStore, openMemoryStore, readOrCreateNodeId } from '../store/index.js';
import type { AgentAddresses } from './addresses.js';
import { agentFacts } from './agent-facts.js';
import { Closers } from './closers.js';
import { isLoopback, showListen, type AgentConfig, type LoadedConfig } from './config/index.js';
import { Definitions } from './definitions.js';
import { listenDns, listenHttp, readCertificate, type Certificate } from './listeners.js';
import { createLogger, type AgentLogger } from './logger.js';
import { agentMetrics } from './metrics.js';
import { startPeers } from './peers.js';
import { checkOptions, httpSettings } from './room-options.js';
import { snapshotArchive, startSnapshots } from './snapshots.js';

/** A running agent. */
export interface Agent {
  readonly addresses: AgentAddresses;
  readonly registry: Registry;
  /** The other agents, and what this one knows through them. */
  readonly cluster: Cluster;
  readonly logger: AgentLogger;
  /** Resolves when the agent cannot go on (its store failed) or was asked over HTTP to leave; then `close` it. */
  readonly ended: Promise<AgentEnd>;
  /** Takes over services, checks and log level of the configuration read again. */
  reload(): Promise<void>;
  /** Blocked queries answer, checks end, data is synced. Harmless twice. */
  close(): Promise<void>;
}

export type AgentEnd = { readonly type: 'failed'; readonly error: ServiceDiscoveryError } | { readonly type: 'left' };

export interface AgentOptions {
  /** Where log lines go. Default: stderr. */
  readonly log?: (line: string) => void;
  /** Reads the configuration again. Without it a reload is refused. */
  readonly loadConfig?: () => Promise<LoadedConfig>;
  /** Check runners of the embedding program, by the name a check gives as `Runner`. */
  readonly runners?: CheckOptions['runners'];
  /** How agents reach each other. Default: TCP. */
  readonly network?: Network;
}

/** Rejects, with nothing left running, when the data dir or an address cannot be had. */
export async function startAgent(config: AgentConfig, options: AgentOptions = {}): Promise<Agent> {
  const closers = new Closers();
  try {
    return await assemble(config, options, closers);
  } catch (error) {
    await closers.close();
    throw error;
  }
}

async function assemble(config: AgentConfig, options: AgentOptions, closers: Closers): Promise<Agent> {
  const logger = createLogger(config.log, options.log);
  const certificate = await readCertificate(config.tls);
  const registry = await openRegistry(config, options, logger);
  closers.add(() => registry.close());
  const definitions = new Definitions(config, registry, logger, options.loadConfig, options.runners);
  await definitions.apply();

  const peers = await startPeers(config, registry, logger, options.network);
  closers.add(() => peers.close());
  const { cluster } = peers;
  let addresses: AgentAddresses | undefined;
  const isPrivateKey = (key: string): boolean => registry.privateMetaKeys.has(key);
  const end = whenEnded(registry);
  const dns = createDnsServer({
    catalog: registry.catalog,
    queries: new ClusterQueries({
      cluster,
      datacenter: config.datacenter,
      nodeName: registry.nodeName,
      random: realRandom,
    }),
    config: config.dns,
    cluster,
    policy: allowAll,
    isPrivateKey,
    logger: logger.child({ room: 'dns' }),
    tls: certificate,
  });
  const api = createHttpApi({
    handle: { catalog: registry.catalog, registry: definitions.keptBy(peers.commands) },
    cluster,
    policy: allowAll,
    clock: realClock,
    random: realRandom,
    logger: logger.child({ room: 'http' }),
    agent: agentFacts(config, registry, () => addresses),
    actions: {
      reload: () => definitions.reload(),
      leave: async () => {
        await cluster.leave();
        end.by({ type: 'left' });
      },
      monitor: (level, json, write) => logger.follow(level, json, write),
    },
    snapshots: snapshotArchive(registry),
    settings: httpSettings(config),
    metrics: () => agentMetrics(registry, dns, cluster),
    isPrivateKey,
    dnsQuery: certificate && dns.doh,
  });
  closers.add(() => dns.close());
  closers.add(() => api.close());
  addresses = { ...(await listenAll(config, api, dns, certificate)), peer: peers.address };
  startSnapshots(config, registry, cluster, logger, closers);
  warnWhenOpen(config, logger);
  return {
    addresses,
    registry,
    logger,
    ended: end.promise,
    cluster,
    reload: () => definitions.reload(),
    close: () => closers.close(),
  };
}

async function openRegistry(config: AgentConfig, options: AgentOptions, logger: AgentLogger): Promise<Registry> {
  const { dataDir, datacenter, nodeId } = config;
  const room = logger.child({ room: 'registry' });
  const store =
    dataDir === undefined ? openMemoryStore() : await openEmbeddedStore({ dataDir, datacenter, logger: room });
  // From here on the registry closes the store, also when it cannot start.
  return createRegistry({
    store,
    ...(dataDir !== undefined && { copiesDir: join(dataDir, 'copies') }),
    datacenter,
    node: {
      name: config.nodeName,
      id: nodeId ?? (dataDir === undefined ? undefined : await readOrCreateNodeId(dataDir)),
      address: config.advertiseAddress,
      meta: config.nodeMeta,
    },
    checks: checkOptions(config, options.runners),
    sessionTtlMinMs: config.sessionTtlMinMs,
    registrationPolicy: config.registrationPolicy,
    logger: room,
  });
}

async function listenAll(
  { listen }: AgentConfig,
  api: HttpApi,
  dns: DnsServer,
  certificate: Certificate | undefined,
): Promise<Omit<AgentAddresses, 'peer'>> {
  return {
    http: await listenHttp(api, listen.http, listen.socketMode),
    https: await listenHttp(api, listen.https, listen.socketMode, certificate),
    dns: await listenDns(listen.dns, 'DNS', (address) => dns.listen(address)),
    dnsTls: await listenDns(listen.dnsTls, 'DNS over TLS', (address) => dns.listenTls(address)),
    dnsHttps: await listenDns(listen.dnsHttps, 'DNS over HTTPS', (address) => dns.listenHttps(address)),
  };
}

function whenEnded(registry: Registry): { readonly promise: Promise<AgentEnd>; by(end: AgentEnd): void } {
  const ending = new EventEmitter<{ end: [AgentEnd] }>();
  const promise = once(ending, 'end').then(([end]) => end as AgentEnd);
  const by = (end: AgentEnd): void => void ending.emit('end', end);
  registry.on('fatal', (error) => by({ type: 'failed', error }));
  return { promise, by };
}

/** Whoever reaches the port may do everything: no small thing to say once it is more than this machine. */
function warnWhenOpen({ listen }: AgentConfig, logger: AgentLogger): void {
  const open = [...listen.http, ...listen.https].filter((address) => !isLoopback(address)).map(showListen);
  if (open.length === 0) return;
  logger.warn(
    { addresses: open, advice: 'listen on 127.0.0.1, or let a firewall or proxy decide who may connect' },
    'http.open_to_network_without_authentication',
  );
}
