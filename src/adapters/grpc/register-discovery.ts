/**
 * A name resolver for @grpc/grpc-js: `consul:///orders?tag=v1&dc=dc2`. Everything we need of grpc-js is in this file, most
 * of it from its `experimental` part, which its own xDS support stands on; the test beside this file fails when any of it
 * changes. grpc-js balances and retries itself; we tell it which endpoints there are, at once when they change.
 */
import type * as Grpc from '@grpc/grpc-js';
import { z } from 'zod';
import type { Discovery, QueryOptions, ServiceResolution } from '../../client/index.js';
import {
  type EndpointSet,
  invalid,
  parseOptions,
  ServiceDiscoveryError,
  type ServiceEndpoint,
} from '../../model/index.js';
import { discoverySource } from '../discovery-source.js';
import { sharedOptions } from '../options.js';

export interface GrpcDiscoveryOptions {
  /** Default: one made from the environment at the first channel, shared by all adapters of the process. */
  readonly manager?: Discovery;
  /** The grpc-js of the program, where it is not the one that `import('@grpc/grpc-js')` finds. */
  readonly grpc?: typeof Grpc;
  /** Scheme of the targets. Default `consul`. */
  readonly scheme?: string;
  /**
   * How channels balance and retry (gRPC service config, parsed form). Default: that of the channel's option
   * `grpc.service_config`, else round robin over all healthy endpoints.
   */
  readonly serviceConfig?: Grpc.ServiceConfig;
}

export interface GrpcDiscovery extends AsyncDisposable {
  /** Lets go of all watches, and of the manager when it is the shared one. Channels keep the endpoints they know. */
  close(): Promise<void>;
}

const schema = z.strictObject({
  manager: sharedOptions.manager,
  grpc: z.custom<object>((value) => typeof value === 'object', 'must be the module @grpc/grpc-js').optional(),
  scheme: z
    .string()
    .regex(/^[a-z][a-z0-9+.-]*$/, 'must be a scheme, as in consul')
    .optional(),
  serviceConfig: z.looseObject({ loadBalancingConfig: z.array(z.unknown()) }, 'must be a service config').optional(),
});

const ROUND_ROBIN: Grpc.ServiceConfig = { loadBalancingConfig: [{ round_robin: {} }], methodConfig: [] };

/** What is wanted of a service, out of a target's path. */
interface Target {
  readonly service: string;
  readonly query: QueryOptions;
}

/**
 * Makes grpc-js resolve `consul:///NAME?tag=T&dc=DC&filter=EXPRESSION`; `tag` may be repeated. Once for the process and
 * scheme. Throws INVALID_ARGUMENT, and UNSUPPORTED where @grpc/grpc-js 1.14 is not installed.
 */
export async function registerDiscovery(options: GrpcDiscoveryOptions = {}): Promise<GrpcDiscovery> {
  parseOptions('registerDiscovery', schema, options);
  const grpc = options.grpc ?? (await loadGrpc());
  const { registerResolver, statusOrFromError, statusOrFromValue } = grpc.experimental;
  const { UNAVAILABLE } = grpc.status;
  const source = discoverySource(options.manager);
  const open = new Set<ConsulResolver>();
  let closed = false;

  class ConsulResolver implements Grpc.experimental.Resolver {
    /** Undefined while the channel is idle. */
    private resolution: ServiceResolution | undefined;
    private unsubscribe: (() => void) | undefined;
    private readonly config: Grpc.ServiceConfig | undefined;
    private changes = 0;
    private looking = false;

    constructor(
      private readonly target: Grpc.experimental.GrpcUri,
      private readonly listener: Grpc.experimental.ResolverListener,
      channelOptions: Grpc.ChannelOptions,
    ) {
      const ofChannel = channelOptions['grpc.service_config'] !== undefined;
      this.config = options.serviceConfig ?? (ofChannel ? undefined : ROUND_ROBIN);
    }

    static getDefaultAuthority(target: Grpc.experimental.GrpcUri): string {
      return parseTarget(target).service;
    }

    /** grpc-js asks when a channel is used, and again when connections fail. It must not be answered from in here. */
    updateResolution(): void {
      if (this.resolution) void this.lookAgain();
      else process.nextTick(() => this.start());
    }

    destroy(): void {
      this.unsubscribe?.();
      this.unsubscribe = undefined;
      void this.resolution?.close().catch(() => {});
      this.resolution = undefined;
      open.delete(this);
    }

    private start(): void {
      if (this.resolution) return;
      try {
        if (closed) throw new ServiceDiscoveryError('CLOSED', 'discovery for gRPC was closed');
        const { service, query } = parseTarget(this.target);
        const resolution = source.get().resolution(service, query);
        this.resolution = resolution;
        open.add(this);
        this.unsubscribe = resolution.onChange((set) => process.nextTick(() => this.onSet(resolution, set)));
        if (!resolution.current) resolution.ready().catch((error: Error) => this.onFailure(resolution, error));
      } catch (error) {
        this.reject((error as Error).message);
      }
    }

    private onSet(resolution: ServiceResolution, { endpoints }: Pick<EndpointSet, 'endpoints'>): void {
      if (this.resolution !== resolution) return;
      this.changes++;
      this.deliver(endpoints);
    }

    private onFailure(resolution: ServiceResolution, error: Error): void {
      if (this.resolution === resolution && !resolution.current) this.reject(error.message);
    }

    /** The watch tells of changes by itself; but what it has may be a poll old, and connections to it fail. */
    private async lookAgain(): Promise<void> {
      const { resolution, changes } = this;
      if (!resolution || this.looking) return;
      this.looking = true;
      try {
        const { service, query } = parseTarget(this.target);
        const endpoints = await source.get().discoverService(service, { ...query, useCache: false });
        // What the watch told meanwhile is newer.
        if (this.resolution === resolution && this.changes === changes) this.deliver(endpoints);
      } catch (error) {
        this.onFailure(resolution, error as Error);
      } finally {
        this.looking = false;
      }
    }

    private deliver(endpoints: readonly ServiceEndpoint[]): void {
      const { service } = parseTarget(this.target);
      const dialable = endpoints.filter(({ port }) => port !== 0);
      const found = dialable.map(({ address: host, port }) => ({ addresses: [{ host, port }] }));
      const note = `${service}: ${endpoints.length} endpoints, ${dialable.length} with a port`;
      this.listener(statusOrFromValue(found), {}, this.serviceConfig(), note);
      // An empty list alone leaves calls waiting for their deadline.
      if (found.length === 0) this.reject(`${service} has no endpoints`);
    }

    private reject(details: string): void {
      this.listener(statusOrFromError({ code: UNAVAILABLE, details }), {}, this.serviceConfig(), details);
    }

    private serviceConfig(): ReturnType<typeof statusOrFromValue<Grpc.ServiceConfig>> | null {
      return this.config ? statusOrFromValue(this.config) : null;
    }
  }

  registerResolver(options.scheme ?? 'consul', ConsulResolver);
  const close = async (): Promise<void> => {
    closed = true;
    for (const resolver of open) resolver.destroy();
    await source.release();
  };
  return { close, [Symbol.asyncDispose]: close };
}

/** `orders?tag=v1&dc=dc2` */
function parseTarget({ path }: { readonly path: string }): Target {
  const [name = '', search = ''] = path.split('?', 2);
  const service = decodeURIComponent(name);
  const parameters = new URLSearchParams(search);
  for (const key of parameters.keys()) {
    if (!['tag', 'dc', 'filter'].includes(key)) {
      throw invalid(`consul:///${path}: ${key} is not a parameter; known are tag, dc and filter`);
    }
  }
  if (service === '' || service.includes('/'))
    throw invalid(`consul:///${path}: the name of a service is missing, as in consul:///orders`);
  const tags = parameters.getAll('tag');
  const datacenter = parameters.get('dc');
  const filter = parameters.get('filter');
  const query = {
    ...(tags.length > 0 && { tags }),
    ...(datacenter !== null && { datacenter }),
    ...(filter !== null && { filter }),
  };
  return { service, query };
}

async function loadGrpc(): Promise<typeof Grpc> {
  try {
    return await import('@grpc/grpc-js');
  } catch (error) {
    const hint = 'npm install @grpc/grpc-js';
    throw new ServiceDiscoveryError('UNSUPPORTED', 'discovery for gRPC needs the package @grpc/grpc-js 1.14 or later', {
      cause: error,
      details: { hint },
    });
  }
}
