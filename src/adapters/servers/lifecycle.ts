/**
 * An instance's way through its service, whatever web framework serves it: it registers once the server listens, is ready
 * once it is registered, and leaves in an order that costs nobody a request: first it is taken out of the answers for the
 * healthy, then watchers are given time to see it while requests are still served, then what is under way is finished,
 * then it is deregistered; only then may the server be closed.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registration } from '../../client/index.js';
import { defaults, invalid, isDiscoveryError, ServiceDiscoveryError } from '../../model/index.js';
import { fullJitterMs, pause, realClock, realRandom } from '../../runtime/index.js';
import { discoverySource, type DiscoverySource } from '../discovery-source.js';
import { onSignals } from './on-signals.js';
import { parseServiceOptions, type ServiceOptions } from './service-options.js';
import { RequestsUnderWay } from './requests-under-way.js';

/**
 * `starting`: not registered yet. `ready`: registered, and found by others. `draining`: leaving, still answering.
 * `closed`: gone from the registry.
 */
export type LifecycleState = 'starting' | 'ready' | 'draining' | 'closed';

/** One of the service's own paths, answered. */
export interface ProbeAnswer {
  readonly status: 200 | 503;
  readonly text: string;
}

/** Errors at the start that go away by themselves. */
const PASSING = new Set(['UNAVAILABLE', 'TIMEOUT', 'NOT_READY', 'RATE_LIMITED']);

export interface LifecycleHooks {
  /** Of registering and leaving; nothing is thrown at the server for them. */
  readonly onError: (error: Error) => void;
  /** Ends the server, once nothing is under way any more or its time is over; connections left may be cut. */
  readonly closeServer: () => Promise<void>;
}

export class ServiceLifecycle implements AsyncDisposable {
  private current: LifecycleState = 'starting';
  /** One for all tries, so that none leaves a second instance behind. */
  private readonly id: string;
  private readonly options: ServiceOptions;
  private readonly source: DiscoverySource;
  private readonly underWay = new RequestsUnderWay();
  /** Ends the tries of registering. */
  private readonly leaving = new AbortController();
  private readonly settled: Promise<Registration>;
  private settle!: { readonly resolve: (made: Registration) => void; readonly reject: (error: Error) => void };
  private registering: Promise<void> | undefined;
  private registration: Registration | undefined;
  private left: Promise<void> | undefined;
  private closing: Promise<void> | undefined;
  private readonly forgetSignals: () => void;

  /** Throws INVALID_ARGUMENT. */
  constructor(
    options: ServiceOptions,
    private readonly hooks: LifecycleHooks,
  ) {
    this.options = parseServiceOptions(options);
    this.id = options.registration?.id ?? `${options.name}-${randomUUID()}`;
    this.source = discoverySource(options.manager);
    this.settled = new Promise((resolve, reject) => (this.settle = { resolve, reject }));
    this.settled.catch(() => {});
    this.forgetSignals = onSignals(options.onSignal, () => this.close());
  }

  get state(): LifecycleState {
    return this.current;
  }

  /** Resolves when the service is registered; rejects when that cannot be, or when it left before. */
  ready(): Promise<Registration> {
    return this.settled;
  }

  /**
   * The server listens there: registering begins. A second address of the same server changes nothing. One that was
   * closed before it listened is closed now.
   */
  listening(address: AddressInfo | string | null): void {
    if (this.left) void this.left.then(() => this.attempt(this.hooks.closeServer));
    else this.registering ??= this.register(address);
  }

  /** Every request goes through here, so that leaving knows what is under way and tells clients to reconnect elsewhere. */
  follow(request: IncomingMessage, response: ServerResponse): void {
    this.underWay.add(request, response);
  }

  /** Undefined when the path is none of ours. */
  probe(path: string): ProbeAnswer | undefined {
    if (path === this.options.livePath) return { status: 200, text: 'alive' };
    if (path !== this.options.readyPath) return undefined;
    return { status: this.current === 'ready' ? 200 : 503, text: this.current };
  }

  /** Leaves the service, the server still listening. Never rejects; harmless twice. */
  leave(): Promise<void> {
    this.left ??= this.leaveInOrder();
    return this.left;
  }

  /** Leaves, then closes the server. Never rejects; harmless twice. */
  close(): Promise<void> {
    this.closing ??= this.leave()
      .then(() => this.attempt(this.hooks.closeServer))
      .then(this.forgetSignals);
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async register(address: AddressInfo | string | null): Promise<void> {
    for (let failures = 0; !this.leaving.signal.aborted; failures++) {
      try {
        const { name, request } = this.request(address);
        // Not ended by leaving: what has been registered by then must be known, to be deregistered.
        const made = await this.source.get().registerService(name, request, { timeoutMs: defaults.leaveRegistryMs });
        this.registration = made;
        made.on('error', this.hooks.onError);
        made.on('conflict', this.hooks.onError);
        if (this.current === 'starting') this.current = 'ready';
        this.settle.resolve(made);
        return;
      } catch (error) {
        if (this.leaving.signal.aborted) return;
        this.hooks.onError(error as Error);
        if (!isDiscoveryError(error) || !PASSING.has(error.code)) return this.settle.reject(error as Error);
        const waitMs = fullJitterMs(failures, defaults.registerBackoff, realRandom);
        await pause(realClock, waitMs, this.leaving.signal);
      }
    }
  }

  private request(listening: AddressInfo | string | null): {
    readonly name: string;
    readonly request: NonNullable<Parameters<ReturnType<DiscoverySource['get']>['registerService']>[1]>;
  } {
    const { name, registration = {} } = this.options;
    const bound = typeof listening === 'string' ? null : listening;
    const port = registration.port ?? bound?.port;
    if (port === undefined) {
      throw invalid(`${name}: the server listens on no port, so registration.port must say how to reach it`);
    }
    const address = registration.address ?? (bound && isSpecific(bound.address) ? bound.address : undefined);
    const { id } = this;
    return { name, request: { ...registration, id, port, ...(address !== undefined && { address }) } };
  }

  private async leaveInOrder(): Promise<void> {
    this.current = 'draining';
    this.leaving.abort();
    this.underWay.drain();
    await this.registering;
    const { registration } = this;
    const { drainMs = defaults.drainMs, finishMs = defaults.finishRequestsMs } = this.options;
    if (registration && drainMs > 0) await this.attempt(() => registration.drain({ timeoutMs: drainMs }));
    const finishBy = realClock.now() + finishMs;
    await this.underWay.finished(finishMs);
    if (registration) await this.attempt(() => registration.deregister({ timeoutMs: defaults.leaveRegistryMs }));
    // Over connections kept open requests come in until the server closes.
    await this.underWay.finished(Math.max(0, finishBy - realClock.now()));
    this.settle.reject(new ServiceDiscoveryError('CLOSED', `${this.options.name} left before it was registered`));
    this.current = 'closed';
    await this.attempt(() => this.source.release());
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.hooks.onError(error as Error);
    }
  }
}

/** Not the address that stands for all of the machine's. */
function isSpecific(address: string): boolean {
  return address !== '0.0.0.0' && address !== '::';
}
