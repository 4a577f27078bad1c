/**
 * Machines and the network between them, in memory, on a clock and a source of chance: the same seed gives the same
 * delays, cuts of pieces and losses. What TCP does is kept: bytes arrive in order or not at all, what a cut holds back
 * is sent again when it is mended, and who writes to a machine that forgot the connection gets a reset.
 */
import { ServiceDiscoveryError } from '../../model/index.js';
import type { Clock, Connection, Network, NetworkAddress, NetworkListener, Random } from '../../runtime/index.js';
import { dialInMemory } from './dial.js';
import type { Route } from './dial.js';
import { Link } from './link.js';
import type { LinkEnd } from './link.js';
import type { PipeConditions } from './pipe.js';

export interface MemoryNetworkOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** One way, evenly between the two; default 0.1 to 0.5 ms. */
  readonly delayMs?: readonly [number, number];
  /** Bytes that the systems at both ends keep, sent and not yet read; default 64 KB. */
  readonly windowBytes?: number;
  /** How long the system sends again before it gives a connection up; default 15 minutes. */
  readonly giveUpMs?: number;
}

interface Listening {
  readonly accept: (connection: Connection) => void;
}

interface Machine {
  readonly listeners: Map<number, Listening>;
  isDown: boolean;
  isPaused: boolean;
  bytesPerSecond: number;
}

const FIRST_FREE_PORT = 32_768;

export class MemoryNetwork {
  private readonly machines = new Map<string, Machine>();
  private readonly cuts = new Set<string>();
  private readonly links = new Set<Link>();
  private delay: readonly [number, number];
  private lossPerPiece = 0;
  private freePort = FIRST_FREE_PORT;

  constructor(private readonly options: MemoryNetworkOptions) {
    this.delay = options.delayMs ?? [0.1, 0.5];
  }

  /** The network as the machine with this address has it. */
  host(address: string): Network {
    this.machine(address);
    return {
      dial: async (to, options) => {
        options.signal?.throwIfAborted();
        return dialInMemory(this.options.clock, to, this.route(address, to), options);
      },
      listen: async (at, accept) => this.listen(address, at, accept),
    };
  }

  /** Of every piece from now on, ms. */
  setDelay(least: number, most: number): void {
    this.delay = [least, most];
  }

  /** The chance of each piece to be the one with which its connection is lost. */
  setLoss(perPiece: number): void {
    this.lossPerPiece = perPiece;
  }

  /** Nothing gets from one to the other any more; what goes the other way does. */
  cutOneWay(from: string, to: string): void {
    this.cuts.add(wayOf(from, to));
  }

  cut(one: string, other: string): void {
    this.cutOneWay(one, other);
    this.cutOneWay(other, one);
  }

  /** Between the machines of different groups. */
  partition(...groups: readonly (readonly string[])[]): void {
    for (const group of groups)
      for (const other of groups)
        if (group !== other) for (const from of group) for (const to of other) this.cutOneWay(from, to);
  }

  mend(one: string, other: string): void {
    this.cuts.delete(wayOf(one, other));
    this.cuts.delete(wayOf(other, one));
    this.retryAll();
  }

  mendAll(): void {
    this.cuts.clear();
    this.retryAll();
  }

  /** Connections between the two are forgotten by `by`: half-open until the other writes. */
  forget(by: string, other: string): void {
    for (const link of this.links) {
      if (link.endsAt(other).length > 0) for (const end of link.endsAt(by)) end.vanish();
    }
  }

  /** The process ends: its connections are closed, nobody listens, the machine answers. */
  kill(host: string): void {
    this.machine(host).listeners.clear();
    for (const end of this.endsAt(host)) end.destroy();
  }

  /** The power fails: half-open connections at all others, and no answer. */
  crash(host: string): void {
    const machine = this.machine(host);
    machine.isDown = true;
    machine.listeners.clear();
    for (const end of this.endsAt(host)) end.vanish();
  }

  /** After a crash: there is a machine again, without connections. */
  restart(host: string): void {
    this.machine(host).isDown = false;
    this.retryAll();
  }

  /** It reads nothing until resumed. */
  pause(host: string): void {
    this.machine(host).isPaused = true;
  }

  resume(host: string): void {
    this.machine(host).isPaused = false;
    this.retryAll();
  }

  /** How fast each of its connections is read from now on. */
  slow(host: string, bytesPerSecond: number): void {
    this.machine(host).bytesPerSecond = bytesPerSecond;
  }

  /** Connections of which at least one end is there: a leak check. */
  get connections(): number {
    return this.links.size;
  }

  private route(from: string, to: NetworkAddress): Route {
    return {
      isKnown: this.machines.has(to.host),
      isCut: () => this.isCut(from, to.host) || this.isCut(to.host, from),
      delayMs: () => this.delayMs(),
      connect: () => {
        const listening = this.machine(to.host).listeners.get(to.port);
        if (!listening) return undefined;
        const link = this.connect(from, to);
        listening.accept(link.acceptor);
        return link;
      },
    };
  }

  private connect(from: string, to: NetworkAddress): Link {
    const link = new Link(
      this.options.clock,
      { host: from, port: this.freePort++ },
      to,
      (sender, receiver) => this.conditions(sender, receiver),
      (over) => void this.links.delete(over),
    );
    this.links.add(link);
    return link;
  }

  private listen(host: string, at: NetworkAddress, accept: Listening['accept']): NetworkListener {
    const { listeners } = this.machine(host);
    const port = at.port === 0 ? this.freePort++ : at.port;
    const isOurs = at.host === host || at.host === '0.0.0.0' || at.host === '::';
    if (!isOurs || listeners.has(port)) {
      const why = isOurs ? 'the address is in use' : 'it is not an address of this machine';
      throw new ServiceDiscoveryError('UNAVAILABLE', `cannot listen on ${at.host}:${port}: ${why}`);
    }
    const listening = { accept };
    listeners.set(port, listening);
    return {
      address: { host: at.host, port },
      close: async () => {
        if (listeners.get(port) === listening) listeners.delete(port);
      },
    };
  }

  private conditions(from: string, to: string): PipeConditions {
    const receiver = this.machine(to);
    return {
      clock: this.options.clock,
      random: this.options.random,
      windowBytes: this.options.windowBytes ?? 64 * 1024,
      giveUpMs: this.options.giveUpMs ?? 15 * 60_000,
      delayMs: () => this.delayMs(),
      isCut: () => this.isCut(from, to),
      isPaused: () => receiver.isPaused,
      bytesPerSecond: () => receiver.bytesPerSecond,
      breaks: () => this.lossPerPiece > 0 && this.options.random.next() < this.lossPerPiece,
    };
  }

  private endsAt(host: string): readonly LinkEnd[] {
    return [...this.links].flatMap((link) => link.endsAt(host));
  }

  private isCut(from: string, to: string): boolean {
    return this.cuts.has(wayOf(from, to)) || this.machine(from).isDown || this.machine(to).isDown;
  }

  private delayMs(): number {
    const [least, most] = this.delay;
    return least + this.options.random.next() * (most - least);
  }

  private retryAll(): void {
    for (const link of this.links) link.retry();
  }

  private machine(address: string): Machine {
    let machine = this.machines.get(address);
    if (!machine) {
      machine = { listeners: new Map(), isDown: false, isPaused: false, bytesPerSecond: Number.POSITIVE_INFINITY };
      this.machines.set(address, machine);
    }
    return machine;
  }
}

function wayOf(from: string, to: string): string {
  return `${from}\n${to}`;
}
