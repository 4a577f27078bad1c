import { Agent, type Dispatcher } from 'undici';
import { startAgent, type AgentProcess } from './agent.js';
import { http, httpJson, type HttpAnswer } from './http.js';

/** Where an agent lives, and with what; the same over its restarts. */
export interface MeshPlace {
  readonly name: string;
  /** Of its node and its peer port. */
  readonly host: string;
  readonly peerPort: number;
  /** Absent: everything in memory. */
  readonly dataDir?: string;
  /** HTTP is asked over this unix socket, from wherever the test is: of agents in namespaces. */
  readonly socketPath?: string;
  readonly through?: readonly string[];
  readonly config: object;
  readonly env?: NodeJS.ProcessEnv;
}

type Health = { readonly Service: { readonly ID: string } };
type Member = { readonly Name: string; readonly Status: number };

/** One agent of a mesh, started, killed and started again as the same machine. */
export class MeshAgent {
  private running: AgentProcess | undefined;
  private end = '';
  private readonly dispatcher: Dispatcher | undefined;

  constructor(readonly place: MeshPlace) {
    const { socketPath } = place;
    this.dispatcher = socketPath === undefined ? undefined : new Agent({ connect: { socketPath } });
  }

  get name(): string {
    return this.place.name;
  }

  /** `HOST:PORT` of its peer port. */
  get peer(): string {
    const { host, peerPort } = this.place;
    return host.includes(':') ? `[${host}]:${peerPort}` : `${host}:${peerPort}`;
  }

  /** A usual port where the address is its own, on ::1, which all share, a free one. */
  private at(port: number): string {
    const { host } = this.place;
    return host.includes(':') ? `[${host}]:0` : `${host}:${port}`;
  }

  get process(): AgentProcess {
    if (this.running === undefined) throw new Error(`${this.name} was not started`);
    return this.running;
  }

  async start(): Promise<this> {
    const { name, host, dataDir, socketPath, through, config, env } = this.place;
    this.end = '';
    const started = await startAgent({
      ...(dataDir === undefined ? {} : { dataDir }),
      ...(through === undefined ? {} : { through }),
      ...(env === undefined ? {} : { env }),
      config: {
        node_name: name,
        log_level: 'info',
        bind_addr: host,
        advertise_addr: host,
        ...(socketPath === undefined ? {} : { addresses: { http: `127.0.0.1 unix://${socketPath}` } }),
        ...config,
      },
      http: socketPath === undefined ? this.at(8500) : 'config',
      dns: this.at(8600),
      flags: ['--peer-addr', this.peer],
      logLevel: 'config',
    });
    this.running = started;
    void started.exited.then(({ code, signal }) => (this.end = `ended with ${code ?? signal}`));
    return this;
  }

  /** As a crash does it. */
  async kill(): Promise<void> {
    await this.process.stop('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.process.stop();
  }

  /** Time stands still in it, and its sockets go on taking what the system takes for it. */
  freeze(): void {
    this.process.signal('SIGSTOP');
  }

  thaw(): void {
    this.process.signal('SIGCONT');
  }

  http(line: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> {
    return http(this.origin, line, body, { headers, ...(this.dispatcher && { dispatcher: this.dispatcher }) });
  }

  /** The JSON of an answer that must be 200. */
  json<T>(line: string, body?: unknown): Promise<T> {
    return httpJson<T>(this.origin, line, body, this.dispatcher && { dispatcher: this.dispatcher });
  }

  private get origin(): string {
    return this.dispatcher === undefined ? this.process.origin : 'http://localhost';
  }

  /** Ids of the instances it would hand out, sorted. */
  async passing(service: string): Promise<string[]> {
    const found = await this.json<Health[]>(`GET /v1/health/service/${service}?passing`);
    return found.map(({ Service }) => Service.ID).sort();
  }

  /** Ids of all instances in its catalog, sorted. */
  async catalog(service: string): Promise<string[]> {
    const found = await this.json<{ ServiceID: string }[]>(`GET /v1/catalog/service/${service}`);
    return found.map(({ ServiceID }) => ServiceID).sort();
  }

  /** Names of the nodes in its catalog, sorted. */
  async nodes(): Promise<string[]> {
    return (await this.json<{ Node: string }[]>('GET /v1/catalog/nodes')).map(({ Node }) => Node).sort();
  }

  /** Whether it vouches for what it answers: not in protected mode. */
  async isSure(): Promise<boolean> {
    return (await this.http('GET /v1/catalog/nodes')).headers['x-consul-knownleader'] === 'true';
  }

  /** A session of its node whose locks are free at once when it ends. */
  async session(): Promise<string> {
    return (await this.json<{ ID: string }>('PUT /v1/session/create', { LockDelay: '0s' })).ID;
  }

  /** Name and state of every member as it sees them: `n0 alive`, sorted. */
  async members(): Promise<string[]> {
    const members = await this.json<Member[]>('GET /v1/agent/members');
    return members.map(({ Name, Status }) => `${Name} ${STATES[Status] ?? String(Status)}`).sort();
  }

  /** What the process said, and how it ended when it did. */
  log(): string {
    return (this.running?.log() ?? '') + this.end;
  }

  async close(): Promise<void> {
    this.running?.signal('SIGCONT');
    await this.running?.stop('SIGKILL');
    await this.dispatcher?.destroy();
  }
}

/** Of Serf, whose numbers Consul's API shows. */
const STATES = ['none', 'alive', 'leaving', 'left', 'failed'];
