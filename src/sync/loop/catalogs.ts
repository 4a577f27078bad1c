import type { CatalogView, Home } from '../../model/index.js';
import type { SyncHost } from '../host.js';
import type { MembersPart, MemberView } from '../step/parts.js';
import type { MergeTarget } from '../step/types.js';

export interface CatalogsOptions {
  readonly host: SyncHost;
  readonly members: MembersPart;
  readonly home: Pick<Home, 'catalog'>;
}

/** What there is to read: our datacenter, what others say of theirs, and when one of them is another object than before. */
export class Catalogs {
  /** Of which there is a copy, on disk too. */
  private readonly copied = new Set<string>();
  private readonly shown = new Map<string, CatalogView | undefined>();
  private shownHome: CatalogView;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly options: CatalogsOptions) {
    for (const { target } of options.host.held()) {
      if (target.type === 'datacenter') this.copied.add(target.datacenter);
    }
    this.shownHome = options.home.catalog();
  }

  of(datacenter: string): CatalogView | undefined {
    const { host } = this.options;
    if (datacenter === host.catalog.datacenter) return host.catalog;
    return host.copyOf({ type: 'datacenter', datacenter })?.catalog;
  }

  indexSpaceOf(datacenter: string): string {
    const { host } = this.options;
    if (datacenter === host.catalog.datacenter) return host.indexSpace;
    return host.copyOf({ type: 'datacenter', datacenter })?.indexSpace ?? '';
  }

  /** Ours, then by the shortest round trip to anybody there, then by name. */
  names(): readonly string[] {
    const own = this.options.host.catalog.datacenter;
    const rttMs = new Map<string, number>();
    for (const datacenter of this.copied) if (this.isNotEmpty(datacenter)) rttMs.set(datacenter, Infinity);
    for (const member of this.options.members.all()) {
      if (member.state === 'left') continue;
      const { datacenter } = member.info;
      rttMs.set(datacenter, Math.min(rttMs.get(datacenter) ?? Infinity, nearness(member)));
    }
    rttMs.delete(own);
    const others = [...rttMs].sort(([a, aMs], [b, bMs]) => compare(aMs, bMs) || compare(a, b));
    return [own, ...others.map(([name]) => name)];
  }

  onReplaced(listener: () => void): () => void {
    const own = (): void => listener();
    this.listeners.add(own);
    return () => void this.listeners.delete(own);
  }

  /** A merge is shown: perhaps the first into a copy, or the first into one begun anew. */
  merged(target: MergeTarget): void {
    if (target.type === 'local') return;
    if (target.type === 'datacenter') {
      this.copied.add(target.datacenter);
      const catalog = this.of(target.datacenter);
      if (catalog !== this.shown.get(target.datacenter)) {
        this.shown.set(target.datacenter, catalog);
        this.tell();
      }
    }
    this.lookAtHome();
  }

  /** To be called after each step: the home may be another. */
  lookAtHome(): void {
    const catalog = this.options.home.catalog();
    if (catalog === this.shownHome) return;
    this.shownHome = catalog;
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }

  private isNotEmpty(datacenter: string): boolean {
    return (this.of(datacenter)?.counts().nodes ?? 0) > 0;
  }
}

function nearness({ rttMs = Infinity, isConnected }: MemberView): number {
  return isConnected ? rttMs : Infinity;
}

function compare<T extends string | number>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
