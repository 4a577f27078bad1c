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

/** The copies there are. Each is made by the first merge into it, and lasts until it is dropped. */
export class Replicas {
  /** Those that are there, or being opened; merges into one wait here in order. */
  private readonly opening = new Map<string, Promise<Replica>>();
  private readonly open = new Map<string, Replica>();
  private readonly dropping = new Map<string, Promise<void>>();
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
    const replica = await this.replica(target);
    await replica.merge(merge);
  }

  async drop(target: CopyTarget): Promise<void> {
    const name = copyName(target);
    const opening = this.opening.get(name);
    this.opening.delete(name);
    this.open.delete(name);
    const before = this.dropping.get(name);
    const dropped = this.remove(target, opening, before);
    this.dropping.set(name, dropped);
    await dropped;
  }

  async close(): Promise<void> {
    this.closed = true;
    const all = Array.from(this.opening.values(), (opening) => opening.then((replica) => replica.close()));
    await Promise.all([...all, ...this.dropping.values()]);
  }

  private replica(target: CopyTarget): Promise<Replica> {
    const name = copyName(target);
    const known = this.opening.get(name);
    if (known) return known;
    const opening = this.begin(target, name);
    this.opening.set(name, opening);
    opening.catch(() => this.opening.delete(name));
    return opening;
  }

  private async begin(target: CopyTarget, name: string): Promise<Replica> {
    await this.dropping.get(name);
    if (target.type === 'state') await this.dropOlder(target);
    const { stores, datacenter } = this.options;
    const of = target.type === 'datacenter' ? target.datacenter : datacenter;
    const replica = await Replica.over(await stores.open(target), target, { ...this.options, datacenter: of });
    replica.onFatal((error) => this.options.onFatal(error));
    // Unless it was dropped meanwhile.
    if (this.opening.has(name)) this.open.set(name, replica);
    return replica;
  }

  private async remove(target: CopyTarget, opening?: Promise<Replica>, before?: Promise<void>): Promise<void> {
    await before;
    await opening?.then(
      (replica) => replica.close(),
      () => {},
    );
    await this.options.stores.remove(target);
    this.dropping.delete(copyName(target));
  }

  /** A home whose index space is another one begins anew: what was copied of it before means nothing any more. */
  private async dropOlder({ home, space }: CopyTarget & { readonly type: 'state' }): Promise<void> {
    for (const { target } of Array.from(this.open.values())) {
      if (target.type === 'state' && target.home === home && target.space !== space) await this.drop(target);
    }
  }
}
