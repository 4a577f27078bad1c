import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Catalog } from '../catalog/index.js';
import {
  defaults,
  isDiscoveryError,
  ServiceDiscoveryError,
  type Cluster,
  type RegistryCommands,
} from '../model/index.js';
import type { Registry } from '../registry/index.js';
import {
  packageVersion,
  realClock,
  realRandom,
  tcpNetwork,
  type Network,
  type NetworkAddress,
} from '../runtime/index.js';
import { aloneCluster, isLone, RegistrySync, type RegistrySyncOptions } from '../sync/index.js';
import { isLoopback, showListen, type AgentConfig } from './config/index.js';
import { KeyringFile } from './keyring-file.js';
import type { AgentLogger } from './logger.js';
import { noNetwork } from './no-network.js';

/** The other agents, as this one has them. */
export interface Peers {
  readonly cluster: Cluster;
  /** The registry's commands, decided here or by whoever may. */
  readonly commands: RegistryCommands;
  /** Where peers reach this agent; undefined without a peer port. */
  readonly address: string | undefined;
  close(): Promise<void>;
}

/** Rejects when a peer port was asked for and cannot be had. One that nobody asked for is done without. */
export async function startPeers(
  config: AgentConfig,
  registry: Registry,
  logger: AgentLogger,
  network: Network = tcpNetwork,
): Promise<Peers> {
  const { listen, isAsked } = config.peers;
  if (!listen) return withoutPort(config, registry, logger);
  try {
    return await synced(config, registry, logger, { network, listen });
  } catch (error) {
    if (!isTaken(error)) throw error;
    const at = showListen({ type: 'tcp', ...listen });
    if (isAsked) throw cannotListen(at, error);
    logger.warn(
      { address: at, reason: error.message, advice: 'give another one with --peer-addr, or ports.serf_lan -1' },
      'peers.port_taken',
    );
    return withoutPort(config, registry, logger);
  }
}

async function withoutPort(config: AgentConfig, registry: Registry, logger: AgentLogger): Promise<Peers> {
  const { syncHost } = registry;
  if (!isLone(syncHost, config.peers.primaryNode)) {
    const listen = { host: config.advertiseAddress, port: defaults.peerPort };
    return { ...(await synced(config, registry, logger, { network: noNetwork, listen })), address: undefined };
  }
  const cluster = aloneCluster({
    origin: registry.nodeId,
    node: registry.nodeName,
    address: config.advertiseAddress,
    port: defaults.peerPort,
    version: packageVersion(),
    catalog: registry.catalog,
    indexSpace: () => registry.indexSpace,
  });
  return { cluster, commands: registry, address: undefined, close: async () => {} };
}

async function synced(
  config: AgentConfig,
  registry: Registry,
  logger: AgentLogger,
  way: Pick<RegistrySyncOptions, 'network' | 'listen'>,
): Promise<Peers> {
  const { peers, advertiseAddress, datacenter } = config;
  const sync = await RegistrySync.start({
    ...way,
    host: registry.syncHost,
    clock: realClock,
    random: realRandom,
    logger: logger.child({ room: 'sync' }),
    ...(peers.advertise === undefined ? {} : { advertise: peers.advertise }),
    address: advertiseAddress,
    version: packageVersion(),
    primaryNode: peers.primaryNode,
    settings: peers.settings,
    ...(await keyringOf(config)),
    seeds: [...peers.join, ...peers.joinWan],
    lookup: addressesOf,
    rejoinAfterLeave: peers.rejoinAfterLeave,
    nothing: new Catalog({ datacenter }),
  });
  const address = showListen({ type: 'tcp', ...sync.address });
  warnWhenOpen(config, address, logger);
  return { cluster: sync, commands: sync.commands, address, close: () => sync.close() };
}

async function keyringOf({ dataDir, peers }: AgentConfig): Promise<Pick<RegistrySyncOptions, 'keyring'>> {
  if (peers.keys.length === 0) return {};
  const file = new KeyringFile(dataDir, peers.keys);
  const ring = await file.read();
  return { keyring: { ring, store: (next) => file.write(next) } };
}

async function addressesOf({ host, port }: NetworkAddress): Promise<readonly NetworkAddress[]> {
  if (isIP(host) !== 0) return [{ host, port }];
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => ({ host: address, port }));
}

/** Whoever reaches the peer port without a key to know may say anything; and who listens on loopback meets nobody else. */
function warnWhenOpen({ peers }: AgentConfig, address: string, logger: AgentLogger): void {
  const { listen, keys, join, joinWan } = peers;
  if (!listen) return;
  const isLocal = isLoopback({ type: 'tcp', ...listen });
  if (!isLocal && keys.length === 0) {
    logger.warn({ address, advice: 'give all agents a key with encrypt' }, 'peers.open_to_network_without_key');
  }
  const outside = [...join, ...joinWan].filter(
    ({ host, port }) => isIP(host) !== 0 && !isLoopback({ type: 'tcp', host, port }),
  );
  if (isLocal && outside.length > 0) {
    const seeds = outside.map((seed) => showListen({ type: 'tcp', ...seed }));
    logger.warn({ address, seeds, advice: 'set bind_addr, or --peer-addr' }, 'peers.not_reachable_from_outside');
  }
}

/** The network could not; a store that failed is another matter. */
function isTaken(error: unknown): error is ServiceDiscoveryError {
  return isDiscoveryError(error, 'UNAVAILABLE') && error.details['evidence'] !== undefined;
}

function cannotListen(at: string, cause: ServiceDiscoveryError): ServiceDiscoveryError {
  const code = (cause.cause as NodeJS.ErrnoException | undefined)?.code;
  const why = code === 'EADDRINUSE' ? 'the port is taken' : cause.message;
  return new ServiceDiscoveryError('UNAVAILABLE', `cannot listen on ${at} for peers: ${why}`, {
    cause,
    details: { hint: 'Is another agent running? --peer-addr takes another address; port 0 any free one.' },
  });
}
