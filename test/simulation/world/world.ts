/**
 * Agents and what happens to them: a scenario is played, action by action, then everything is healed. Judges watch. All of
 * it follows from the scenario, bit for bit.
 */
import { defaults } from '../../../src/model/index.js';
import { defaultSyncSettings } from '../../../src/sync/index.js';
import type { SyncSettings } from '../../../src/sync/index.js';
import type { Environment } from '../agent/environment.js';
import { Life } from '../agent/life.js';
import { Machine } from '../agent/machine.js';
import type { Watcher } from '../agent/watcher.js';
import type { Action, Command, Fault, Scenario, Slot } from '../plan/scenario.js';
import { Chance } from './chance.js';
import { EventQueue } from './event-queue.js';
import { Network } from './network.js';
import type { Presence } from './network.js';
import { Tally } from './tally.js';
import { Trace } from './trace.js';

export interface WorldOptions {
  /** Given each line of the trace. */
  readonly show?: (line: string) => void;
}

export class World {
  readonly queue = new EventQueue();
  readonly tally = new Tally();
  readonly trace: Trace;
  readonly machines: readonly Machine[];
  readonly network: Network;
  readonly settings: SyncSettings;
  readonly watchers: Watcher[] = [];
  private readonly lives = new Map<Slot, Life>();
  private readonly environment: Environment;
  private readonly started = new Set<Slot>();

  constructor(
    readonly scenario: Scenario,
    options: WorldOptions = {},
  ) {
    const chance = new Chance(scenario.seed);
    this.trace = new Trace(options.show);
    this.settings = { ...defaultSyncSettings, ...scenario.settings };
    this.machines = scenario.agents.map((plan, slot) => new Machine(slot, plan, chance.branch(`machine ${slot}`)));
    this.network = new Network({
      queue: this.queue,
      chance: chance.branch('network'),
      weather: scenario.weather,
      datacenterOf: (slot) => this.machine(slot).plan.datacenter,
      at: (address) => this.presence(address),
      queueBytes: this.settings.queueBytes,
      dialTimeoutMs: defaults.peerDialTimeoutMs * scenario.tempo,
      tempo: scenario.tempo,
      tally: this.tally,
    });
    this.environment = {
      queue: this.queue,
      network: this.network,
      trace: this.trace,
      tally: this.tally,
      settings: this.settings,
      tempo: scenario.tempo,
      watchers: this.watchers,
      chance: chance.branch('agents'),
      sessions: new Map(),
      seeds: () =>
        [...this.started].map((slot) => {
          const { address, plan } = this.machine(slot);
          return { address, datacenter: plan.datacenter };
        }),
      nodeOf: (slot) => this.machine(slot).plan.node,
    };
  }

  /** Those that run, in order of their slots; stalled ones among them. */
  running(): readonly Life[] {
    return [...this.lives.values()].filter((life) => !life.isOver).sort((a, b) => a.slot - b.slot);
  }

  life(slot: Slot): Life | undefined {
    const life = this.lives.get(slot);
    return life?.isOver ? undefined : life;
  }

  /** The node of an origin or of a stream; an agent that replaced another of its name has a mark for each before it. */
  nameOf(stream: string): string {
    for (const { plan, origins } of this.machines) {
      const at = origins.findIndex((origin) => stream.startsWith(origin));
      if (at >= 0) return `${plan.node}${"'".repeat(at)}${stream.slice((origins[at] as string).length)}`;
    }
    return stream;
  }

  machine(slot: Slot): Machine {
    return this.machines[slot] as Machine;
  }

  /** Everything up to the moment of healing. */
  playTroubles(): void {
    for (const { slot, plan } of this.machines) this.queue.at(plan.startAtMs, () => this.start(slot));
    for (const action of this.scenario.actions) this.queue.at(action.atMs, () => this.act(action));
    this.queue.run(this.scenario.healAtMs);
  }

  /** The network is well, and everybody is back who comes back. */
  heal(): void {
    this.trace.line(this.queue.nowMs, 'heal');
    this.network.setWeather({ lossShare: 0, repeatShare: 0, lateShare: 0 });
    for (const { slot } of this.machines) {
      this.network.slow(slot, undefined);
      this.life(slot)?.resume();
      if (this.scenario.staysDown.includes(slot)) this.life(slot)?.end('crash');
      else if (!this.machine(slot).hasLeft) this.start(slot);
    }
    this.forgetGone();
    for (const life of this.running()) life.reconcile();
  }

  /** An operator settles what agents cannot: who left while nobody heard it, and whose name another agent has now. */
  private forgetGone(): void {
    for (const { origins, hasLeft, origin: present } of this.machines) {
      for (const origin of origins) if (hasLeft || origin !== present) this.declareGone(origin);
    }
  }

  private declareGone(origin: string): void {
    for (const life of this.running()) {
      const state = life.state.members.of(origin)?.state;
      if (state !== undefined && state !== 'left') life.take({ type: 'force-leave', origin, prune: false });
    }
  }

  // ---- actions

  private act(action: Action): void {
    const { atMs: _, ...what } = action;
    const text = JSON.stringify(what);
    const happened = isCommand(action) ? this.command(action) : this.fault(action);
    this.trace.line(this.queue.nowMs, `${happened ? '' : 'not possible: '}${text}`);
    this.tally.count(happened ? what.do : `not possible: ${what.do}`);
  }

  private command(command: Command): boolean {
    const life = this.life(command.agent);
    if (!life) return false;
    if (command.do === 'leave') this.machine(command.agent).hasLeft = true;
    life.perform(command);
    return true;
  }

  /** Whether it was possible. */
  private fault(fault: Fault): boolean {
    switch (fault.do) {
      case 'crash':
        return this.crash(fault.agent, fault.power, fault.kept);
      case 'stop':
        return this.stop(fault.agent);
      case 'start':
        return this.startAgain(fault);
      case 'stall':
        return this.stall(fault.agent, fault.forMs);
      case 'partition':
        return this.partition(fault.groups, fault.forMs);
      case 'cut':
        return this.cut(fault.from, fault.to, fault.forMs);
      case 'break':
        return this.network.break(fault.between[0], fault.between[1], fault.half);
      case 'slow':
        return this.slow(fault.to, fault.bytesPerSecond, fault.forMs);
      default:
        this.alwaysPossible(fault);
        return true;
    }
  }

  private alwaysPossible(fault: Extract<Fault, { do: 'copy-disk' | 'weather' | 'clock' }>): void {
    if (fault.do === 'copy-disk') this.machine(fault.agent).copyDisk();
    else if (fault.do === 'weather') this.network.setWeather(fault);
    else this.machine(fault.agent).jumpClock(fault.byMs, this.queue.nowMs);
  }

  private crash(slot: Slot, power: boolean, kept: number): boolean {
    const life = this.life(slot);
    if (!life) return false;
    life.end(power ? 'power' : 'crash');
    const machine = this.machine(slot);
    machine.hasPower = !power;
    this.tally.count('lazy commit lost', machine.crash(kept));
    return true;
  }

  private stop(slot: Slot): boolean {
    const life = this.life(slot);
    if (!life || life.isStalled) return false;
    life.end('stop');
    this.machine(slot).sync();
    return true;
  }

  private startAgain({ agent, disk, address }: Extract<Fault, { do: 'start' }>): boolean {
    const machine = this.machine(agent);
    if (!this.started.has(agent) || this.life(agent)) return false;
    if (disk === 'copy' && !machine.restoreCopy()) return false;
    if (disk === 'empty') machine.replace();
    if (address === 'new') machine.move();
    this.tally.count(`start with disk ${disk}, ${address} address`);
    return this.start(agent);
  }

  private start(slot: Slot): boolean {
    if (this.life(slot)) return false;
    const machine = this.machine(slot);
    if (!machine.hasPower) machine.boot(this.queue.nowMs);
    machine.hasLeft = false;
    this.started.add(slot);
    this.lives.set(slot, new Life(machine, this.environment));
    return true;
  }

  private stall(slot: Slot, forMs: number): boolean {
    const life = this.life(slot);
    if (!life || life.isStalled) return false;
    life.stall(forMs);
    return true;
  }

  private partition(groups: readonly (readonly Slot[])[], forMs: number): boolean {
    for (const [at, group] of groups.entries()) {
      const others = groups.flatMap((other, index) => (index === at ? [] : other));
      for (const from of group) for (const to of others) this.cut(from, to, forMs);
    }
    return groups.length > 1;
  }

  private cut(from: Slot, to: Slot, forMs: number): boolean {
    if (from === to) return false;
    this.network.cut(from, to);
    this.queue.after(forMs, () => this.network.uncut(from, to));
    return true;
  }

  private slow(to: Slot, bytesPerSecond: number, forMs: number): boolean {
    this.network.slow(to, bytesPerSecond);
    this.queue.after(forMs, () => this.network.slow(to, undefined));
    return true;
  }

  private presence(address: string): Presence {
    const machine = this.machines.find((machine) => machine.address === address);
    if (!machine) return { type: 'gone' };
    const life = this.life(machine.slot);
    if (life) return { type: 'listening', holder: life.mesh, accept: (end) => life.accept(end) };
    return machine.hasPower ? { type: 'refusing', slot: machine.slot } : { type: 'gone' };
  }
}

const COMMANDS: ReadonlySet<string> = new Set<Command['do']>([
  'register',
  'deregister',
  'flip',
  'catalog-register',
  'catalog-deregister',
  'kv-set',
  'kv-delete',
  'session-create',
  'session-destroy',
  'acquire',
  'release',
  'leave',
  'force-leave',
]);

function isCommand(action: Action): action is Action & Command {
  return COMMANDS.has(action.do);
}
