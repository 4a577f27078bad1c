import type { AgentPlan, Slot } from '../plan/scenario.js';
import type { Chance } from '../world/chance.js';
import { Disk } from '../world/disk.js';
import type { DiskImage } from '../world/disk.js';
import { shelfName } from './copies.js';
import type { Shelf } from './copies.js';
import type { MergeTarget } from '../../../src/sync/index.js';

/** What of an agent outlives its process: a data directory, an address, clocks. */
export class Machine {
  origin: string;
  /** All agents that this node ever had, the present one last. */
  readonly origins: string[];
  shelves = new Map<string, Shelf>();
  /** How often it moved: part of its address. */
  private moves = 0;
  private copy: { readonly origin: string; readonly shelves: readonly (readonly [Shelf, DiskImage])[] } | undefined;
  skewMs: number;
  clockJumpedMs = -Infinity;
  /** Monotonic time begins somewhere else with every start of the machine. */
  monotonicBaseMs: number;
  /** Whether the machine runs, whatever the process does. */
  hasPower = true;
  /** Said so for good: it is not started again under this identity. */
  hasLeft = false;

  constructor(
    readonly slot: Slot,
    readonly plan: AgentPlan,
    private readonly chance: Chance,
  ) {
    this.origin = chance.uuid();
    this.origins = [this.origin];
    this.skewMs = plan.skewMs;
    this.monotonicBaseMs = chance.between(1_000, 10_000_000);
    this.wipe();
  }

  get host(): string {
    return `10.${this.moves}.0.${this.slot + 1}`;
  }

  get address(): string {
    return `${this.host}:8301`;
  }

  get local(): Shelf {
    return this.shelves.get('local') as Shelf;
  }

  move(): void {
    this.moves++;
  }

  shelfOf(target: MergeTarget): Shelf | undefined {
    return this.shelves.get(shelfName(target));
  }

  addShelf(target: MergeTarget): Shelf {
    const space = target.type === 'state' ? target.space : this.chance.uuid();
    const shelf = { target, disk: new Disk(), space };
    this.shelves.set(shelfName(target), shelf);
    return shelf;
  }

  crash(keptShare: number): number {
    let lost = 0;
    for (const { disk } of this.shelves.values()) lost += disk.crash(keptShare);
    return lost;
  }

  sync(): void {
    for (const { disk } of this.shelves.values()) disk.sync();
  }

  copyDisk(): void {
    const shelves = [...this.shelves.values()].map((shelf) => [shelf, shelf.disk.image()] as const);
    this.copy = { origin: this.origin, shelves };
  }

  /** False when there is no copy, or only one of an agent that is no more. */
  restoreCopy(): boolean {
    if (this.copy?.origin !== this.origin) return false;
    this.shelves = new Map();
    for (const [{ target, space }, image] of this.copy.shelves) {
      const disk = new Disk();
      disk.restore(image);
      this.shelves.set(shelfName(target), { target, disk, space });
    }
    return true;
  }

  jumpClock(byMs: number, nowMs: number): void {
    this.skewMs += byMs;
    this.clockJumpedMs = nowMs;
  }

  /** The machine starts anew: not long ago. */
  boot(nowMs: number): void {
    this.hasPower = true;
    this.monotonicBaseMs = this.chance.between(1_000, 60_000) - nowMs;
  }

  /** Another agent on this machine, under the same name. */
  replace(): void {
    this.origin = this.chance.uuid();
    this.origins.push(this.origin);
    this.hasLeft = false;
    this.copy = undefined;
    this.wipe();
  }

  private wipe(): void {
    this.shelves = new Map();
    this.addShelf({ type: 'local' });
  }
}
