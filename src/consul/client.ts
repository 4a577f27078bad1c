import { inspect } from 'node:util';
import type { ConsulAnswer } from './answer.js';
import { optionsFromEnvironment, type Environment } from './environment.js';
import { Agent } from './families/agent.js';
import { Calls, type Request } from './families/calls.js';
import { Catalog } from './families/catalog.js';
import { Health } from './families/health.js';
import type { ConsulCallOptions } from './families/options.js';
import { resolveOptions, type ConsulClientOptions } from './options.js';
import type { Method } from './transport/call.js';
import { Transport } from './transport/transport.js';

/** Of `call`. */
export type ConsulRequest = ConsulCallOptions & Pick<Request, 'query' | 'headers' | 'body' | 'accept'>;

/**
 * Consul's HTTP API, of our agents and of Consul's own. Reads answer a `ConsulAnswer`, writes what the agent says. Every
 * call rejects with a `ServiceDiscoveryError`: the agent's refusal in its own words, UNAVAILABLE when no address could
 * be asked, TIMEOUT, ABORTED, CLOSED, TOO_LARGE, or INTERNAL when the answer cannot be an agent's. Several addresses are
 * tried in turn. Tokens are in no error and not shown when the client is printed.
 */
export class ConsulClient implements AsyncDisposable {
  readonly agent: Agent;
  readonly catalog: Catalog;
  readonly health: Health;
  readonly #transport: Transport;
  readonly #calls: Calls;

  /** Throws INVALID_ARGUMENT naming the option. Connects to nobody and reads no file before the first call. */
  constructor(options: ConsulClientOptions = {}) {
    this.#transport = new Transport(resolveOptions(options));
    const calls = new Calls(this.#transport);
    this.#calls = calls;
    this.agent = new Agent(calls);
    this.catalog = new Catalog(calls);
    this.health = new Health(calls);
  }

  /** As the variables say that Consul's own tools read (docs/consul-client.md); `overrides` win. */
  static fromEnvironment(env: Environment = process.env, overrides: ConsulClientOptions = {}): ConsulClient {
    return new ConsulClient(optionsFromEnvironment(env, overrides));
  }

  /** As shown to people, the one that is asked first first. */
  get addresses(): readonly string[] {
    return this.#transport.addresses;
  }

  /** Any other path, encoded by the caller; the answer's bytes. */
  call(method: Method, path: string, request: ConsulRequest = {}): Promise<ConsulAnswer<Buffer>> {
    return this.#calls.raw(method, path, request, request);
  }

  /** Ends what is under way with CLOSED. Harmless twice. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Neither options nor credentials. */
  [inspect.custom](): string {
    return `ConsulClient { addresses: [ ${this.addresses.map((address) => `'${address}'`).join(', ')} ] }`;
  }
}
