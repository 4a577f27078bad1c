import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { endpointKey } from '../../balancer/index.js';
import type { Discovery, PickedEndpoint, ServiceResolution } from '../../client/index.js';
import { defaults, parseOptions } from '../../model/index.js';
import { discoverySource, type DiscoverySource } from '../discovery-source.js';
import { sharedOptions } from '../options.js';
import { Routes } from '../routes.js';
import { connectElsewhere } from './connect-elsewhere.js';
import { TrackedRequest } from './tracked-request.js';

export interface DiscoveryAgentOptions<A extends http.AgentOptions = http.AgentOptions> {
  /** Default: one made from the environment at the first request, shared by all adapters of the process. */
  readonly manager?: Discovery;
  /** Ends of the host names that are services. Default `.service` and `.service.consul`. Others are left to Node. */
  readonly suffixes?: readonly string[];
  /** Name of a balancing policy. Default: the manager's. */
  readonly policy?: string;
  /** Milliseconds that one instance may take to be connected, the TLS handshake included. Default 10 s. */
  readonly connectTimeoutMs?: number;
  /** Of Node's own agent. `keepAlive` is on unless said otherwise. */
  readonly agent?: A;
}

const schema = z.strictObject({
  ...sharedOptions,
  connectTimeoutMs: z.number('must be a number of milliseconds').positive('must be positive').optional(),
  agent: z.custom<object>((value) => typeof value === 'object', 'must be the options of an agent').optional(),
});

/** What Node's agents do inside, which other agents of the ecosystem stand on as well; a test notices when it changes. */
interface AgentInside {
  addRequest(request: http.ClientRequest, options: RequestOptions): void;
  createConnection(options: RequestOptions, callback: Callback): Duplex;
  keepSocketAlive(socket: Duplex): boolean;
}
interface RequestInside {
  onSocket(socket: Duplex | undefined, error?: Error): void;
}
interface RequestOptions {
  host?: string | null;
  port?: number | string | null;
  _agentKey?: string;
  [ROUTED]?: Routed;
}
type Callback = (error: Error | null, socket?: Duplex) => void;

const ROUTED = Symbol('routed');

interface Routed {
  readonly resolution: ServiceResolution;
  readonly picked: PickedEndpoint;
  readonly tracked: TrackedRequest;
}

/**
 * A `http.Agent` for `http://orders.service/`: every request goes to the host and port of an instance picked for it, over
 * connections kept per instance; a refused connection is tried elsewhere. What was sent is never repeated: that is for the
 * HTTP client to decide, whose next try picks anew. Throws INVALID_ARGUMENT.
 */
export class DiscoveryHttpAgent extends http.Agent implements AsyncDisposable {
  private readonly routing: AgentRouting;

  constructor(options: DiscoveryAgentOptions = {}) {
    super({ keepAlive: true, ...options.agent });
    this.routing = new AgentRouting(this, http.Agent.prototype as unknown as AgentInside, 'connect', options);
  }

  /** Ends idle connections, lets go of the watches, and of the manager when it is the shared one. */
  async close(): Promise<void> {
    this.destroy();
    await this.routing.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The same over TLS; the name verified is the host of the URL unless `agent.servername` gives another. */
export class DiscoveryHttpsAgent extends https.Agent implements AsyncDisposable {
  private readonly routing: AgentRouting;

  constructor(options: DiscoveryAgentOptions<https.AgentOptions> = {}) {
    super({ keepAlive: true, ...options.agent });
    this.routing = new AgentRouting(this, https.Agent.prototype as unknown as AgentInside, 'secureConnect', options);
  }

  /** Ends idle connections, lets go of the watches, and of the manager when it is the shared one. */
  async close(): Promise<void> {
    this.destroy();
    await this.routing.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Whom a connection was made to. */
interface Peer {
  readonly resolution: ServiceResolution;
  readonly key: string;
}

/** What both agents share: laid over the methods of the one given. */
class AgentRouting {
  private readonly source: DiscoverySource;
  private readonly routes: Routes;
  private readonly timeoutMs: number;
  /** Connections to another endpoint than the one they are filed under: good for one request. */
  private readonly elsewhere = new WeakSet<Duplex>();
  private readonly peers = new WeakMap<Duplex, Peer>();
  private readonly present = new WeakMap<ServiceResolution, ReadonlySet<string>>();

  constructor(
    private readonly agent: http.Agent,
    private readonly base: AgentInside,
    private readonly readyEvent: string,
    options: DiscoveryAgentOptions,
  ) {
    parseOptions('the agent', schema, options);
    this.source = discoverySource(options.manager);
    this.timeoutMs = options.connectTimeoutMs ?? defaults.adapterConnectTimeoutMs;
    this.routes = new Routes(this.source.get, {
      suffixes: options.suffixes ?? defaults.adapterSuffixes,
      policy: options.policy,
      onChange: (resolution, endpoints) => this.letGo(resolution, new Set(endpoints.map(endpointKey))),
    });
    const methods: AgentInside = {
      addRequest: (request, given) => this.addRequest(request, given),
      createConnection: (given, callback) => this.createConnection(given, callback),
      keepSocketAlive: (socket) =>
        !this.elsewhere.has(socket) && !this.hasLeft(socket) && base.keepSocketAlive.call(agent, socket),
    };
    Object.assign(agent, methods);
  }

  async close(): Promise<void> {
    this.routes.close();
    await this.source.release();
  }

  /** An instance that left may never close what is idle, and no request would use it again. */
  private letGo(resolution: ServiceResolution, present: ReadonlySet<string>): void {
    this.present.set(resolution, present);
    for (const idle of Object.values(this.agent.freeSockets)) {
      for (const socket of idle?.slice() ?? []) {
        if (this.peers.get(socket)?.resolution === resolution && this.hasLeft(socket)) socket.destroy();
      }
    }
  }

  private hasLeft(socket: Duplex): boolean {
    const peer = this.peers.get(socket);
    return peer !== undefined && this.present.get(peer.resolution)?.has(peer.key) === false;
  }

  private addRequest(request: http.ClientRequest, options: RequestOptions): void {
    const resolution = this.routes.find(options.host ?? '');
    if (!resolution) return this.base.addRequest.call(this.agent, request, options);
    this.route(request, options, resolution, new TrackedRequest(request));
  }

  private route(
    request: http.ClientRequest,
    options: RequestOptions,
    resolution: ServiceResolution,
    tracked: TrackedRequest,
  ): void {
    const pick = resolution.pick();
    if (pick.type === 'none' && pick.error.code === 'NOT_READY' && resolution.current === undefined) {
      void this.routeWhenReady(request, options, resolution, tracked);
    } else if (pick.type === 'none') {
      fail(request, pick.error);
    } else {
      tracked.sentTo(pick);
      const { address: host, port } = pick.endpoint;
      const routed: Routed = { resolution, picked: pick, tracked };
      const to = { ...options, host, ...(port !== 0 && { port }), [ROUTED]: routed };
      this.base.addRequest.call(this.agent, request, to);
    }
  }

  private async routeWhenReady(
    request: http.ClientRequest,
    options: RequestOptions,
    resolution: ServiceResolution,
    tracked: TrackedRequest,
  ): Promise<void> {
    const waiting = new AbortController();
    tracked.whenCancelled(() => waiting.abort());
    try {
      await resolution.ready({ signal: waiting.signal });
      tracked.whenCancelled(undefined);
      this.route(request, options, resolution, tracked);
    } catch (error) {
      // Without an error of ours Node says what became of a request that its owner destroyed.
      fail(request, tracked.cancelled ? tracked.cancelReason : (error as Error));
    }
  }

  private createConnection(options: RequestOptions, callback: Callback): Duplex {
    const routed = options[ROUTED];
    if (!routed) return this.base.createConnection.call(this.agent, options, callback);
    void this.connect(options, routed).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(routed.tracked.cancelled ? (routed.tracked.cancelReason ?? hangUp()) : error),
    );
    // Node: no socket now, it comes with the callback.
    return undefined as unknown as Duplex;
  }

  private async connect(options: RequestOptions, { resolution, picked, tracked }: Routed): Promise<Socket> {
    let opening: Socket | undefined;
    let moved = false;
    tracked.whenCancelled(() => opening?.destroy(hangUp()));
    try {
      const socket = await connectElsewhere({
        resolution,
        first: picked,
        timeoutMs: this.timeoutMs,
        readyEvent: this.readyEvent,
        isCancelled: () => tracked.cancelled,
        onPicked: (next) => {
          moved = true;
          tracked.sentTo(next);
        },
        open: ({ endpoint: { address: host, port } }) => {
          // The TLS session kept under this key is another endpoint's.
          const _agentKey = moved ? undefined : options._agentKey;
          const to = { ...options, host, port: port === 0 ? options.port : port, _agentKey };
          opening = this.base.createConnection.call(this.agent, to, () => {}) as Socket;
          return opening;
        },
      });
      if (moved) this.elsewhere.add(socket);
      else this.peers.set(socket, { resolution, key: endpointKey(picked.endpoint) });
      return socket;
    } finally {
      tracked.whenCancelled(undefined);
    }
  }
}

/** As Node says it of a request that ended without a socket. */
function hangUp(): Error {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
}

function fail(request: http.ClientRequest, error: Error | undefined): void {
  (request as unknown as RequestInside).onSocket(undefined, error);
}
