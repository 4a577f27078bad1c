import { inspect } from 'node:util';
import type { AbortableIteration, Clock } from '../runtime/index.js';
import type { BlockingRead, ConsulAnswer } from './answer.js';
import { optionsFromEnvironment, type Environment } from './environment.js';
import { AclCalls } from './families/acl.js';
import { AgentCalls } from './families/agent.js';
import { Calls, type Request } from './families/calls.js';
import { CatalogCalls } from './families/catalog.js';
import { ConfigCalls } from './families/config.js';
import { ConnectCalls } from './families/connect.js';
import { CoordinateCalls } from './families/coordinate.js';
import { DiscoveryChainCalls } from './families/discovery-chain.js';
import { EventCalls } from './families/event.js';
import { HealthCalls } from './families/health.js';
import { IntentionCalls } from './families/intentions.js';
import { KvCalls } from './families/kv.js';
import { OperatorCalls } from './families/operator.js';
import type { ConsulCallOptions } from './families/options.js';
import { QueryCalls } from './families/query.js';
import { SessionCalls } from './families/session.js';
import { SnapshotCalls } from './families/snapshot.js';
import { SyncCalls } from './families/sync.js';
import { StatusCalls } from './families/status.js';
import { TxnCalls } from './families/txn.js';
import { resolveOptions, type ConsulClientOptions } from './options.js';
import type { Method } from './transport/call.js';
import { Transport } from './transport/transport.js';
import { watchRead, type ConsulWatchOptions } from './watch-read.js';

/** Of `call`. */
export type ConsulRequest = ConsulCallOptions & Pick<Request, 'query' | 'headers' | 'body' | 'accept'>;

/**
 * Consul's HTTP API, of our agents and of Consul's own. Reads answer a `ConsulAnswer`, writes what the agent says. Every
 * call rejects with a `ServiceDiscoveryError`: the agent's refusal in its own words, UNAVAILABLE when no address could
 * be asked, TIMEOUT, ABORTED, CLOSED, TOO_LARGE, or INTERNAL when the answer cannot be an agent's. Several addresses are
 * tried in turn. Tokens are in no error and not shown when the client is printed.
 */
export class ConsulClient implements AsyncDisposable {
  readonly agent: AgentCalls;
  readonly catalog: CatalogCalls;
  readonly health: HealthCalls;
  readonly kv: KvCalls;
  readonly session: SessionCalls;
  readonly txn: TxnCalls;
  readonly event: EventCalls;
  readonly query: QueryCalls;
  readonly status: StatusCalls;
  readonly coordinate: CoordinateCalls;
  readonly config: ConfigCalls;
  readonly discoveryChain: DiscoveryChainCalls;
  readonly intentions: IntentionCalls;
  readonly connect: ConnectCalls;
  readonly acl: AclCalls;
  readonly snapshot: SnapshotCalls;
  readonly operator: OperatorCalls;
  readonly sync: SyncCalls;
  readonly #transport: Transport;
  readonly #calls: Calls;
  readonly #clock: Clock;

  /** Throws INVALID_ARGUMENT naming the option. Connects to nobody and reads no file before the first call. */
  constructor(options: ConsulClientOptions = {}) {
    const resolved = resolveOptions(options);
    this.#clock = resolved.clock;
    this.#transport = new Transport(resolved);
    const calls = new Calls(this.#transport);
    this.#calls = calls;
    this.agent = new AgentCalls(calls);
    this.catalog = new CatalogCalls(calls);
    this.health = new HealthCalls(calls);
    this.kv = new KvCalls(calls);
    this.session = new SessionCalls(calls);
    this.txn = new TxnCalls(calls);
    this.event = new EventCalls(calls);
    this.query = new QueryCalls(calls);
    this.status = new StatusCalls(calls);
    this.coordinate = new CoordinateCalls(calls);
    this.config = new ConfigCalls(calls);
    this.discoveryChain = new DiscoveryChainCalls(calls);
    this.intentions = new IntentionCalls(calls);
    this.connect = new ConnectCalls(calls);
    this.acl = new AclCalls(calls);
    this.snapshot = new SnapshotCalls(calls);
    this.operator = new OperatorCalls(calls);
    this.sync = new SyncCalls(calls);
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

  /**
   * A read's answers: the one of now, then every one whose value is another, and after a failure the first again. The read
   * is given the turn to take, which is spread into its options:
   *
   *     client.watch((turn) => client.health.service('api', { passing: true, ...turn }))
   *
   * Failures do not end it, except what trying again cannot mend: INVALID_ARGUMENT, UNSUPPORTED, CLOSED. Ends with the
   * signal, or by leaving the loop. Keeps the process alive while its next answer is waited for.
   */
  watch<T>(read: BlockingRead<T>, options: ConsulWatchOptions<T> = {}): AbortableIteration<ConsulAnswer<T>> {
    return watchRead(read, options, this.#clock);
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
