import { decodeMessage, encodeMessage } from '../../sync/wire/message.js';
import type { Send } from '../../sync/step/types.js';
import { seededRandom } from '../seeded-random.js';
import type { MeshAgentOptions, MeshTime } from './mesh-agent.js';
import { MeshAgent } from './mesh-agent.js';

export interface Faults {
  readonly loss?: number;
  readonly repeats?: number;
  readonly reorders?: number;
  /** How often a step has not heard of a commit yet. */
  readonly slowness?: number;
}

interface Flying {
  readonly from: string;
  readonly to: string;
  readonly bytes: Uint8Array;
}

const START_WALL_MS = 1_760_000_000_000;
const STEP_MS = 50;

/**
 * Agents that exchange the bytes of their messages through one queue, which loses, repeats and reorders at will. Virtual
 * time; the same seed gives the same run.
 */
export class Mesh {
  readonly agents: MeshAgent[] = [];
  readonly random;
  /** Every message that was sent, for what tests count. */
  readonly sent: (Send & { readonly from: string })[] = [];
  faults: Faults = {};
  /** Origin of the home, as everybody's configuration says. */
  home: string | undefined;
  nowMs = 1_000;
  private queue: Flying[] = [];
  private readonly links = new Set<string>();

  constructor(seed = 1) {
    this.random = seededRandom(seed);
  }

  add(options: MeshAgentOptions): MeshAgent {
    const time: MeshTime = { now: () => this.nowMs, wall: () => START_WALL_MS + this.nowMs, random: this.random };
    const agent = new MeshAgent(options, time, {
      send: (send, from) => this.post(send, from),
      home: (of) =>
        this.agents.find(({ origin }) => origin === this.home)?.datacenter === of.datacenter ? this.home : undefined,
    });
    this.agents.push(agent);
    return agent;
  }

  agent(origin: string): MeshAgent {
    const agent = this.agents.find((one) => one.origin === origin);
    if (!agent) throw new Error(`no agent ${origin}`);
    return agent;
  }

  // ---- links

  connect(a: MeshAgent, b: MeshAgent): void {
    if (!a.isUp || !b.isUp || this.isLinked(a, b) || !this.mayLink(a, b)) return;
    this.links.add(linkName(a, b));
    const [infoA, infoB] = [a.info, b.info];
    a.take({ type: 'connected', peer: infoB });
    b.take({ type: 'connected', peer: infoA });
  }

  /** Datacenters are joined by the first two agents of each. */
  private mayLink(a: MeshAgent, b: MeshAgent): boolean {
    if (a.datacenter === b.datacenter) return true;
    const isGateway = (agent: MeshAgent): boolean =>
      this.agents.filter(({ datacenter }) => datacenter === agent.datacenter).indexOf(agent) < 2;
    return isGateway(a) && isGateway(b);
  }

  connectAll(): void {
    for (const a of this.agents) for (const b of this.agents) if (a !== b) this.connect(a, b);
  }

  cut(a: MeshAgent, b: MeshAgent): void {
    if (!this.links.delete(linkName(a, b))) return;
    this.queue = this.queue.filter(({ from, to }) => !isBetween(from, to, a, b));
    if (a.isUp) a.take({ type: 'disconnected', origin: b.origin, evidence: 'soft' });
    if (b.isUp) b.take({ type: 'disconnected', origin: a.origin, evidence: 'soft' });
  }

  isolate(agent: MeshAgent): void {
    for (const other of this.agents) if (other !== agent) this.cut(agent, other);
  }

  private isLinked(a: MeshAgent, b: MeshAgent): boolean {
    return this.links.has(linkName(a, b));
  }

  // ---- time

  /** Delivers what is under way, what that brings about included, and lets as much time pass. */
  run(ms: number): void {
    for (const until = this.nowMs + ms; this.nowMs < until;) {
      this.deliver();
      this.nowMs += STEP_MS;
      this.gossip();
      for (const agent of this.agents) if (agent.isUp) this.tick(agent);
    }
    this.deliver();
  }

  /** Who is there is told on by the other half of the step. */
  private gossip(): void {
    for (const a of this.agents) {
      for (const b of this.agents) {
        if (!this.isLinked(a, b)) continue;
        for (const info of a.known()) if (info.origin !== b.origin) b.hearOf(info);
      }
    }
  }

  private tick(agent: MeshAgent): void {
    agent.isSlow = this.chance(this.faults.slowness);
    if (!agent.isSlow) agent.hearOfCommits();
    agent.take({ type: 'tick', lagMs: 0 });
  }

  deliver(): void {
    for (let round = 0; this.queue.length > 0 && round < 200; round++) this.deliverRound();
  }

  /** What is under way by now. */
  deliverRound(): void {
    const flying = this.shuffled(this.queue);
    this.queue = [];
    for (const one of flying) this.arrive(one);
  }

  private arrive({ from, to, bytes }: Flying): void {
    const [sender, receiver] = [this.agent(from), this.agent(to)];
    if (!receiver.isUp || !this.isLinked(sender, receiver)) return;
    const times = this.chance(this.faults.repeats) ? 2 : 1;
    for (let time = 0; time < times; time++) receiver.take({ type: 'message', from, message: decodeMessage(bytes) });
  }

  private post(send: Send, from: MeshAgent): void {
    this.sent.push({ ...send, from: from.origin });
    const to = this.agents.find(({ origin }) => origin === send.to);
    if (!to || !this.isLinked(from, to)) return;
    if (this.chance(this.faults.loss)) return;
    this.queue.push({ from: from.origin, to: send.to, bytes: encodeMessage(send.message) });
  }

  private shuffled(items: readonly Flying[]): Flying[] {
    const out = [...items];
    for (let at = out.length - 1; at > 0; at--) {
      if (!this.chance(this.faults.reorders)) continue;
      const other = Math.floor(this.random.next() * (at + 1));
      [out[at], out[other]] = [out[other] as Flying, out[at] as Flying];
    }
    return out;
  }

  private chance(share = 0): boolean {
    return share > 0 && this.random.next() < share;
  }
}

function linkName(a: MeshAgent, b: MeshAgent): string {
  return [a.origin, b.origin].toSorted().join('-');
}

function isBetween(from: string, to: string, a: MeshAgent, b: MeshAgent): boolean {
  return (from === a.origin && to === b.origin) || (from === b.origin && to === a.origin);
}
