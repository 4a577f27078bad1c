/**
 * An agent on a loopback port that serves health/service and does with requests what agents, proxies and networks do on
 * their bad days. For tests of whatever watches a registry.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { parseDuration } from '../../model/index.js';
import { realRandom } from '../../runtime/index.js';
import { listenOnLoopback } from '../loopback-server.js';
import { seededRandom } from '../seeded-random.js';
import { FaultSchedule } from './fault-schedule.js';
import type { Behaviour, Fault } from './fault-schedule.js';
import { ServedValue, shownIndex } from './served-value.js';

export interface MisbehavingConsulOptions {
  /** Of what goes wrong by chance: the same seed, the same order of faults. Default: by chance. */
  readonly seed?: number;
  /** What becomes of each request for endpoints, in turn; after the last it goes on by chance. */
  readonly script?: readonly Behaviour[];
  /** Share of requests that go wrong by chance. Default 0.5; 0 when there is a script. */
  readonly rate?: number;
  /** Which faults come by chance. Default: all. */
  readonly faults?: readonly Fault[];
  /** How long nobody listens after `refused`, ms. Default 300. */
  readonly refusedMs?: number;
}

export interface MisbehavingConsul extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly url: string;
  /** Requests for endpoints that came in, faulty ones too. */
  readonly requests: number;
  /** Small requests that ask whether anybody is there. */
  readonly probes: number;
  /** Of its servers' leader, which it always has. */
  readonly leaderLooks: number;
  /** How often each fault was dealt out. */
  readonly faults: ReadonlyMap<Behaviour, number>;
  /** The entries of a service from now on, as health/service shows them. */
  setService(service: string, entries: readonly object[]): void;
  /** Nothing goes wrong any more, and what hangs is cut off. */
  calm(): void;
  /** Like a stopped process: connections are taken and kept, and nothing is answered, not even a probe. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 once the promise resolves. */
export async function createMisbehavingConsul(options: MisbehavingConsulOptions = {}): Promise<MisbehavingConsul> {
  const { seed, script, faults, rate = script ? 0 : 0.5, refusedMs = 300 } = options;
  const random = seed === undefined ? realRandom : seededRandom(seed);
  const server = new MisbehavingServer(new FaultSchedule({ random, script, faults, rate }), refusedMs);
  await server.listen();
  return server;
}

class MisbehavingServer implements MisbehavingConsul {
  requests = 0;
  probes = 0;
  leaderLooks = 0;
  private readonly services = new Map<string, ServedValue<readonly object[]>>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly held = new Set<() => void>();
  /** Will never end by themselves. */
  private readonly hanging = new Set<ServerResponse>();
  private listening: Awaited<ReturnType<typeof listenOnLoopback>> | undefined;
  private port = 0;
  private frozen = false;
  private closed = false;

  constructor(
    private readonly schedule: FaultSchedule,
    private readonly refusedMs: number,
  ) {}

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get url(): string {
    return `http://${this.address}`;
  }

  get faults(): ReadonlyMap<Behaviour, number> {
    return this.schedule.counts;
  }

  setService(service: string, entries: readonly object[]): void {
    this.served(service).set(entries);
  }

  calm(): void {
    this.schedule.calm();
    for (const response of this.hanging) response.destroy();
    this.hanging.clear();
  }

  freeze(): void {
    this.frozen = true;
  }

  /** What was held meanwhile stays unanswered: a process that goes on finds its clients gone. */
  thaw(): void {
    this.frozen = false;
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const leave of this.held) leave();
    await this.listening?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async listen(): Promise<void> {
    const server: Server = createServer((request, response) => this.handle(request, response));
    this.listening = await listenOnLoopback(server, '127.0.0.1', this.port);
    this.port = this.listening.port;
    if (this.closed) await this.listening.close();
  }

  private served(service: string): ServedValue<readonly object[]> {
    const known = this.services.get(service);
    if (known) return known;
    const served = new ServedValue<readonly object[]>([], `misbehaving-${this.port}`);
    this.services.set(service, served);
    return served;
  }

  private handle(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => {});
    if (this.frozen) return;
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    if (request.method === 'OPTIONS') {
      this.probes += 1;
      response.writeHead(200, { Allow: 'OPTIONS,GET' }).end();
      return;
    }
    if (pathname === '/v1/status/leader') {
      this.leaderLooks += 1;
      response.end('"127.0.0.1:8300"');
      return;
    }
    const service = /^\/v1\/health\/service\/([^/]+)$/.exec(pathname)?.[1];
    if (service === undefined) {
      response.writeHead(404).end();
      return;
    }
    this.requests += 1;
    const asked = Number(searchParams.get('index') ?? 0);
    const waitMs = parseDuration(searchParams.get('wait') ?? '5m') ?? 0;
    this.behave(this.schedule.next(), { served: this.served(decodeURIComponent(service)), asked, waitMs, response });
  }

  private behave(behaviour: Behaviour, exchange: Exchange): void {
    const { served, asked, response } = exchange;
    switch (behaviour) {
      case 'none':
        return this.hold(exchange);
      case 'at-once':
      case 'same-index':
      case 'index-back':
      case 'index-zero':
        return answer(exchange, shownIndex(behaviour, asked, served.index));
      case 'space-change':
        served.beginAnew();
        return answer(exchange, served.index);
      case 'garbage':
        return void response.writeHead(200, headersOf(served, served.index)).end('[{"Node":{"No');
      case 'wrong-content':
        return void response.writeHead(200, headersOf(served, served.index)).end('{"error":"try later"}');
      case 'half-open':
        return this.hang(response);
      case 'slow-drip':
        return this.drip(exchange);
      case 'error':
        return void response.writeHead(500).end('rpc error: EOF');
      case 'rate-limited':
        return void response.writeHead(429, { 'Retry-After': '1' }).end('too many requests');
      case 'reset':
        return reset(exchange);
      case 'refused':
        return this.refuse();
    }
  }

  /** As it should be: at once when there is something newer, else when there is, or the wait is over. */
  private hold(exchange: Exchange): void {
    const { served, asked, waitMs, response } = exchange;
    const { space } = served;
    const isNewer = (): boolean => asked === 0 || served.index > asked || served.space !== space;
    if (isNewer()) return answer(exchange, served.index);
    let leaveQueue: (() => void) | undefined;
    const leave = (): void => {
      leaveQueue?.();
      this.clear(timer);
      this.held.delete(leave);
    };
    const finish = (): void => {
      leave();
      if (!this.frozen) answer(exchange, served.index);
    };
    const look = (): void => {
      if (isNewer()) finish();
      else leaveQueue = served.wait(look);
    };
    const timer = this.later(waitMs, finish);
    this.held.add(leave);
    response.once('close', leave);
    look();
  }

  private hang(response: ServerResponse): void {
    this.hanging.add(response);
    response.once('close', () => this.hanging.delete(response));
  }

  private drip(exchange: Exchange): void {
    const { served, response } = exchange;
    this.hang(response);
    response.writeHead(200, headersOf(served, served.index));
    const drop = (): void => {
      if (response.destroyed) return;
      response.write(' ');
      this.later(DRIP_MS, drop);
    };
    drop();
  }

  private refuse(): void {
    const { listening } = this;
    this.listening = undefined;
    void listening?.close().then(() => this.later(this.refusedMs, () => void this.listen().catch(() => this.refuse())));
  }

  private later(ms: number, then: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (!this.closed) then();
    }, ms);
    this.timers.add(timer);
    return timer;
  }

  private clear(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    this.timers.delete(timer);
  }
}

interface Exchange {
  readonly served: ServedValue<readonly object[]>;
  readonly asked: number;
  readonly waitMs: number;
  readonly response: ServerResponse;
}

const DRIP_MS = 100;

function headersOf(served: ServedValue<unknown>, index: number): Record<string, string> {
  return {
    'Content-Type': 'application/json',
    ...(index > 0 ? { 'X-Consul-Index': String(index) } : {}),
    'X-Consul-Knownleader': 'true',
    'X-Consul-Lastcontact': '0',
    'X-Discovery-Index-Space': served.space,
  };
}

function answer({ served, response }: Exchange, index: number): void {
  if (!response.destroyed) response.writeHead(200, headersOf(served, index)).end(JSON.stringify(served.value));
}

/** Half of an answer, then the end of the connection without a word. */
function reset({ served, response }: Exchange): void {
  const body = Buffer.from(JSON.stringify(served.value));
  response.writeHead(200, { ...headersOf(served, served.index), 'Content-Length': String(body.length + 1) });
  response.write(body.subarray(0, body.length >> 1), () => response.socket?.resetAndDestroy());
}
