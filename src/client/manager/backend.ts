import { ConsulClient } from '../../consul/index.js';
import { invalid, type CatalogView, type Resolver } from '../../model/index.js';
import { ConsulResolver } from '../backends/consul/consul-resolver.js';
import { DnsResolver } from '../backends/dns/dns-resolver.js';
import { RegistryResolver } from '../backends/registry/registry-resolver.js';
import type { RegistrySource } from '../backends/registry/registry-source.js';
import { ConsulRegistrationTarget } from '../backends/consul/consul-registration-target.js';
import { RegistryRegistrationTarget, type RegistrySink } from '../backends/registry/registry-registration-target.js';
import type { RegistrationTarget } from '../registration/registration-target.js';
import type { ManagerSettings, ServiceDiscoveryConfig } from './config.js';
import type { ConfigSource } from './config-watches.js';
import { consulConfigSource } from './consul-config-source.js';
import { registryConfigSource } from './registry-config-source.js';

/** A registry in this process, as `createRegistry` of `./registry` makes one. */
export type RegistryBackend = RegistrySource & RegistrySink & { readonly catalog: CatalogView };

/** Whom a manager asks, and what can be done there. */
export interface Backend {
  readonly name: 'consul' | 'dns' | 'registry' | 'resolver';
  readonly resolver: Resolver;
  /** None: discovery alone. */
  readonly target: RegistrationTarget | undefined;
  /** None: it holds no configuration. */
  readonly configSource: ConfigSource | undefined;
  /** The HTTP client, when there is one. */
  readonly consul: ConsulClient | undefined;
  close(): Promise<void>;
}

export function createBackend(
  config: ServiceDiscoveryConfig,
  settings: ManagerSettings,
  onError: (error: unknown) => void,
): Backend {
  const { backend = 'consul' } = config;
  if (backend === 'consul') return consulBackend(config, settings, onError);
  if (backend === 'dns') return dnsBackend(config, settings);
  if (isRegistry(backend)) return registryBackend(backend, settings);
  if (isResolver(backend)) {
    return {
      name: 'resolver',
      resolver: backend,
      target: undefined,
      configSource: undefined,
      consul: undefined,
      close: async () => {},
    };
  }
  const rule = 'must be "consul", "dns", a registry or a resolver';
  throw invalid(`ServiceDiscoveryConfig: backend ${rule}`, [{ field: 'backend', rule }]);
}

function consulBackend(
  config: ServiceDiscoveryConfig,
  settings: ManagerSettings,
  onError: (error: unknown) => void,
): Backend {
  const { clock, random, watchWaitMs: waitMs } = settings;
  const client = ConsulClient.fromEnvironment(config.environment ?? process.env, {
    addresses: addressesOf(config),
    token: config.token,
    tls: config.tls,
    timeoutMs: settings.timeoutMs,
    maxConnections: config.maxConnections,
    clock,
  });
  const resolver = new ConsulResolver({
    clock,
    random,
    client,
  });
  return {
    name: 'consul',
    resolver,
    target: new ConsulRegistrationTarget(client),
    configSource: consulConfigSource(client, { clock, random, waitMs }, onError),
    consul: client,
    close: () => client.close(),
  };
}

/** consulHost and consulPort name one agent; each completes the other. */
function addressesOf({ addresses, consulHost, consulPort }: ServiceDiscoveryConfig): readonly string[] | undefined {
  if (addresses !== undefined) return addresses;
  if (consulHost === undefined && consulPort === undefined) return undefined;
  const host = consulHost ?? '127.0.0.1';
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return [`${bracketed}:${consulPort ?? 8500}`];
}

function registryBackend(registry: RegistryBackend, { clock }: ManagerSettings): Backend {
  return {
    name: 'registry',
    resolver: new RegistryResolver(registry),
    target: new RegistryRegistrationTarget(registry, clock),
    configSource: registryConfigSource(registry.catalog),
    consul: undefined,
    // The registry is its owner's to close.
    close: async () => {},
  };
}

function dnsBackend({ dns }: ServiceDiscoveryConfig, { clock, random, logger }: ManagerSettings): Backend {
  const resolver = new DnsResolver({ clock, random, logger, ...dns });
  return {
    name: 'dns',
    resolver,
    target: undefined,
    configSource: undefined,
    consul: undefined,
    close: () => resolver.close(),
  };
}

function isRegistry(backend: object): backend is RegistryBackend {
  return 'catalog' in backend && 'registerService' in backend;
}

function isResolver(backend: object): backend is Resolver {
  return 'lookup' in backend && 'watch' in backend;
}
