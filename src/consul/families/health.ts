import type { ConsulAnswer } from '../answer.js';
import type { ConsulCheck, ConsulServiceEntry } from '../shapes.js';
import { path, type Path } from '../transport/path.js';
import type { Calls } from './calls.js';
import {
  instanceParts,
  nodeQuery,
  type ConsulFilterOptions,
  type ConsulInstanceOptions,
  type ConsulNodeOptions,
  type ConsulReadOptions,
} from './options.js';

export interface ConsulHealthOptions extends ConsulInstanceOptions {
  /** Only instances whose every check, the node's too, passes. Default false. */
  readonly passing?: boolean;
}

type CheckOptions = ConsulReadOptions & ConsulFilterOptions & ConsulNodeOptions;

/** health/…: instances with their checks. */
export class HealthCalls {
  constructor(private readonly calls: Calls) {}

  /** The instances of a service; an empty list when there is none. */
  service(service: string, options: ConsulHealthOptions = {}): Promise<ConsulAnswer<ConsulServiceEntry[]>> {
    return this.entries(path`/v1/health/service/${{ service }}`, options);
  }

  /** The proxies and native instances that take mesh connections for a service. */
  connect(service: string, options: ConsulHealthOptions = {}): Promise<ConsulAnswer<ConsulServiceEntry[]>> {
    return this.entries(path`/v1/health/connect/${{ service }}`, options);
  }

  /** The ingress gateways of a service. */
  ingress(service: string, options: ConsulHealthOptions = {}): Promise<ConsulAnswer<ConsulServiceEntry[]>> {
    return this.entries(path`/v1/health/ingress/${{ service }}`, options);
  }

  /** The checks of a node and of its instances. */
  node(node: string, options: ConsulReadOptions & ConsulFilterOptions = {}): Promise<ConsulAnswer<ConsulCheck[]>> {
    return this.checked(path`/v1/health/node/${{ node }}`, options);
  }

  /** The checks of all instances of a service. */
  checks(service: string, options: CheckOptions = {}): Promise<ConsulAnswer<ConsulCheck[]>> {
    return this.checked(path`/v1/health/checks/${{ service }}`, options);
  }

  /** All checks in a state: any, passing, warning or critical. */
  state(state: string, options: CheckOptions = {}): Promise<ConsulAnswer<ConsulCheck[]>> {
    return this.checked(path`/v1/health/state/${{ state }}`, options);
  }

  private entries(at: Path, options: ConsulHealthOptions): Promise<ConsulAnswer<ConsulServiceEntry[]>> {
    const { query, headers } = instanceParts(options);
    return this.calls.list(at, options, { headers, query: { ...query, passing: options.passing } });
  }

  private checked(at: Path, options: CheckOptions): Promise<ConsulAnswer<ConsulCheck[]>> {
    return this.calls.list(at, options, { query: { ...nodeQuery(options), filter: options.filter } });
  }
}
