import { LRUCache } from 'lru-cache';
import type { Discovery, ServiceResolution } from '../client/index.js';
import { limits, type ServiceEndpoint } from '../model/index.js';
import { ServiceHosts } from './service-host.js';

export interface RouteOptions {
  readonly suffixes: readonly string[];
  /** Name of a balancing policy. Default: the manager's. */
  readonly policy?: string;
  /** Told of the endpoints of every service followed, now and whenever they change. */
  readonly onChange?: (resolution: ServiceResolution, endpoints: readonly ServiceEndpoint[]) => void;
}

/**
 * Host names to the standing choices of their services, kept from request to request. Bounded: the name used longest ago
 * is let go, so that names made up by somebody else do not add up to watches.
 */
export class Routes {
  /** Changes when one is let go of: what was found before may not be held any more. */
  generation = 0;
  private readonly hosts: ServiceHosts;
  private readonly known: LRUCache<string, ServiceResolution>;

  constructor(
    private readonly discovery: () => Discovery,
    private readonly options: RouteOptions,
  ) {
    this.hosts = new ServiceHosts(options.suffixes);
    this.known = new LRUCache({
      max: limits.adapterNames,
      dispose: (resolution) => {
        this.generation++;
        void resolution.close().catch(() => {});
      },
    });
  }

  /** Undefined for the host names of others. */
  find(host: string): ServiceResolution | undefined {
    return this.hosts.includes(host) ? (this.known.get(host) ?? this.open(host)) : undefined;
  }

  /** Lets go of all of them. The next request opens its own again. */
  close(): void {
    this.known.clear();
  }

  private open(host: string): ServiceResolution | undefined {
    const name = this.hosts.parse(host);
    if (!name) return undefined;
    const resolution = this.discovery().resolution(name.service, {
      ...(name.tag !== undefined && { tags: [name.tag] }),
      ...(name.datacenter !== undefined && { datacenter: name.datacenter }),
      ...(this.options.policy !== undefined && { policy: this.options.policy }),
    });
    this.known.set(host, resolution);
    const { onChange } = this.options;
    if (onChange) resolution.onChange(({ endpoints }) => onChange(resolution, endpoints));
    return resolution;
  }
}
