import { ServiceDiscoveryError } from '../model/index.js';
import type { Held, Merge } from '../sync/index.js';
import type { CopyStores, CopyTarget } from './copy-stores.js';
import { copyName } from './copy-stores.js';
import { Replica } from './replica.js';
import type { ReplicaOptions } from './replica.js';

export interface ReplicasOptions extends ReplicaOptions {
  readonly stores: CopyStores;
  onFatal(error: ServiceDiscoveryError): void;
}

/** The copies there are. Each is made by the first merge into it; that of a home's state lasts until another begins. */
export class Replicas {
  /** Those that are there, or being opened; merges into one wait here in order. */
  private readonly copies = new Map<string, Promise<Replica>>();
  private readonly open = new Map<string, Replica>();
  /** Copies are opened and dropped one after another. */
  private turn: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(private readonly options: ReplicasOptions) {}

  /** Those of the last life. */
  async start(): Promise<void> {
    for (const target of this.options.stores.known()) await this.replica(target);
  }

  held(): readonly Held[] {
    return Array.from(this.open.values(), (replica) => replica.held);
  }

  get(target: CopyTarget): Replica | undefined {
    const replica = this.open.get(copyName(target));
    return replica?.catalog.index === 0 ? undefined : replica;
  }

  async merge(target: CopyTarget, merge: Merge): Promise<void> {
    if (this.closed) throw new ServiceDiscoveryError('CLOSED', 'the registry is closed');
    // Of what is merged into a copy nothing may be left out, so one that cannot be had is as bad as one that cannot be
    // written.
    const replica = await this.replica(target).catch((cause: unknown) => this.fail(cause));
    await replica.merge(merge);
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.turn;
    await Promise.all(Array.from(this.open.values(), (replica) => replica.close()));
  }

  private fail(cause: unknown): never {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const error = new ServiceDiscoveryError('UNAVAILABLE', `a copy cannot be opened: ${reason}`, { cause });
    this.options.onFatal(error);
    throw error;
  }

  private replica(target: CopyTarget): Promise<Replica> {
    const name = copyName(target);
    const known = this.copies.get(name);
    if (known) return known;
    const copy = this.turn.then(() => this.begin(target, name));
    this.copies.set(name, copy);
    this.turn = copy.catch(() => this.copies.delete(name));
    return copy;
  }

  private async begin(target: CopyTarget, name: string): Promise<Replica> {
    if (target.type === 'state') await this.dropState();
    const { stores, datacenter } = this.options;
    const of = target.type === 'datacenter' ? target.datacenter : datacenter;
    const replica = await Replica.over(await stores.open(target), target, { ...this.options, datacenter: of });
    replica.onFatal((error) => this.options.onFatal(error));
    this.open.set(name, replica);
    return replica;
  }

  /**
   * There is one home, and one space in which its indexes mean something: what was copied under another is of no use. It
   * goes before the new one begins, so that a crash in between leaves no two.
   */
  private async dropState(): Promise<void> {
    for (const [name, replica] of Array.from(this.open)) {
      if (replica.target.type !== 'state') continue;
      this.copies.delete(name);
      this.open.delete(name);
      await replica.close();
      await this.options.stores.remove(replica.target);
    }
  }
}
