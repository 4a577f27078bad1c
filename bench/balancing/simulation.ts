/**
 * A service and its clients in virtual time, with the balancers as they are in production: the same seed gives the same
 * figures on every machine. Requests arrive as a Poisson process, each at a client of its own choice, which knows only
 * what its own requests tell it; the network takes 0.25 ms each way.
 */
import {
  createBalancer,
  endpointKey,
  HedgeBudget,
  type Balancer,
  type BalancerOptions,
} from '../../src/balancer/index.js';
import { seededRandom } from '../../src/testing/seeded-random.js';
import { sampleEndpoints } from '../../src/testing/sample-endpoints.js';
import type { Random } from '../../src/runtime/index.js';
import { exponential, lognormal } from './draws.js';
import { EventQueue } from './event-queue.js';
import type { Scenario, Scene } from './scenarios.js';
import { type Figures, Tally } from './tally.js';

export interface SimulationOptions {
  readonly scenario: Scenario;
  readonly servers: number;
  readonly clients: number;
  /** Requests in relation to what the servers can do. */
  readonly load: number;
  readonly seed: number;
  /** Length of the run, and how much of its beginning is not counted, in virtual milliseconds. */
  readonly forMs: number;
  readonly warmUpMs: number;
  /** Options of the clients' balancers; `clairvoyant`: the best choice with all knowledge, as a bound. */
  readonly balancer: Omit<BalancerOptions, 'clock' | 'random'> | 'clairvoyant';
  readonly hedge?: boolean;
  readonly serviceMs?: (random: Random) => number;
  readonly networkMs?: number;
}

const SERVICE_MS = 10;
const WORKERS = 4;
const FAILURE_MS = 1;

export function simulate(options: SimulationOptions): Figures {
  return new Simulation(options).run();
}

interface Client {
  readonly balancer: Balancer;
  readonly hedges: HedgeBudget;
}

class Simulation {
  private nowMs = 0;
  private readonly events = new EventQueue();
  private readonly random: Random;
  private readonly scene: Scene;
  private readonly clients: readonly Client[];
  private readonly tally = new Tally();
  private readonly networkMs: number;
  private readonly serviceMs: (random: Random) => number;

  constructor(private readonly options: SimulationOptions) {
    this.random = seededRandom(options.seed);
    this.scene = options.scenario.scene(options.servers, seededRandom(options.seed + 1_000));
    this.networkMs = options.networkMs ?? 0.25;
    this.serviceMs = options.serviceMs ?? ((random) => lognormal(random, SERVICE_MS, 1));
    this.clients = Array.from({ length: options.clients }, (_, at) => this.client(options.seed * 7_919 + at));
  }

  run(): Figures {
    const sets = this.scene.sets ?? [{ atMs: 0, endpoints: sampleEndpoints(this.scene.servers.length) }];
    for (const { atMs, endpoints } of sets) {
      this.events.add(atMs, () => {
        for (const { balancer } of this.clients) balancer.update({ endpoints });
      });
    }
    this.events.add(0, this.arrive);
    for (let event = this.events.next(); event; event = this.events.next()) {
      this.nowMs = event.atMs;
      event.happen(event.atMs);
    }
    return this.tally.figures();
  }

  private client(seed: number): Client {
    const clock = { now: () => this.nowMs };
    const options = this.options.balancer === 'clairvoyant' ? {} : this.options.balancer;
    return {
      balancer: createBalancer({ ...options, clock, random: seededRandom(seed) }),
      hedges: new HedgeBudget({ clock }),
    };
  }

  private readonly arrive = (nowMs: number): void => {
    const { load, forMs } = this.options;
    const perMs = (load * this.scene.capacity * WORKERS) / SERVICE_MS;
    const next = nowMs + exponential(this.random, 1 / (perMs * (this.scene.crowd?.(nowMs) ?? 1)));
    if (next < forMs) this.events.add(next, this.arrive);
    const client = this.clients[Math.floor(this.random.next() * this.clients.length)] as Client;
    this.request(client, nowMs);
  };

  private request(client: Client, nowMs: number): void {
    const workMs = this.serviceMs(this.random);
    if (this.options.balancer === 'clairvoyant') {
      const at = this.bestServer(nowMs + this.networkMs);
      const { endMs, ok } = this.serve(at, nowMs, workMs);
      this.events.add(endMs, (doneMs) => this.finish(nowMs, doneMs, ok));
      return;
    }
    let answered = false;
    const first = this.send(client, nowMs, workMs, undefined, (ok) => {
      if (!answered) this.finish(nowMs, this.nowMs, ok);
      answered = true;
    });
    if (this.options.hedge !== true) return;
    client.hedges.request();
    const afterMs = client.hedges.hedgeAfterMs();
    if (afterMs === undefined || first === undefined) return;
    this.events.add(nowMs + afterMs, (hedgeMs) => {
      if (answered || !client.hedges.mayHedge()) return;
      if (nowMs >= this.options.warmUpMs) this.tally.hedges++;
      this.send(client, hedgeMs, this.serviceMs(this.random), first, (ok) => {
        if (!answered) this.finish(nowMs, this.nowMs, ok);
        answered = true;
      });
    });
  }

  /** Sends one copy; returns the key of the endpoint it went to. */
  private send(
    client: Client,
    nowMs: number,
    workMs: number,
    exclude: string | undefined,
    answer: (ok: boolean) => void,
  ): string | undefined {
    const pick = client.balancer.pick(exclude === undefined ? {} : { exclude: new Set([exclude]) });
    if (pick.type === 'none') {
      answer(false);
      return undefined;
    }
    const at = pick.endpoint.port - 10_000;
    const { endMs, ok } = this.serve(at, nowMs, workMs);
    this.events.add(endMs, (doneMs) => {
      pick.done(ok ? undefined : { ok });
      if (ok) client.hedges.answered(doneMs - nowMs);
      answer(ok);
    });
    return endpointKey(pick.endpoint);
  }

  private serve(at: number, nowMs: number, workMs: number): { readonly endMs: number; readonly ok: boolean } {
    const server = this.scene.servers[at];
    if (!server) throw new Error(`no server ${at}`);
    if (server.failing) return { endMs: nowMs + FAILURE_MS, ok: false };
    return { endMs: server.take(nowMs + this.networkMs, workMs) + this.networkMs, ok: true };
  }

  private bestServer(arrivalMs: number): number {
    let best = -1;
    let earliest = Infinity;
    for (const [at, server] of this.scene.servers.entries()) {
      if (server.failing || !this.serving(at, arrivalMs)) continue;
      const endMs = server.expectedEnd(arrivalMs, SERVICE_MS);
      if (endMs >= earliest) continue;
      earliest = endMs;
      best = at;
    }
    return best;
  }

  private serving(at: number, nowMs: number): boolean {
    const set = this.scene.sets?.findLast(({ atMs }) => atMs <= nowMs)?.endpoints;
    return set === undefined || set.some(({ port, healthy }) => healthy && port === 10_000 + at);
  }

  private finish(sentMs: number, doneMs: number, ok: boolean): void {
    if (sentMs >= this.options.warmUpMs) this.tally.add(doneMs - sentMs, ok);
  }
}
