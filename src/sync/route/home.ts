import type { CatalogView, Home } from '../../model/index.js';
import type { CommandCaller } from '../calls/caller.js';
import type { SyncHost } from '../host.js';
import type { Origin } from '../messages.js';
import { noLeader, serverName } from '../server-name.js';
import type { MembersPart } from '../step/parts.js';
import type { MergeTarget } from '../step/types.js';
import { FreshBarrier } from './fresh-barrier.js';

/** The home, when it is us or can be asked now. A suspect one may hold the answer back for as long as it is silent. */
export function reachableHome(members: MembersPart): Origin | undefined {
  const { origin } = members.home();
  if (origin === undefined || origin === members.self.origin) return origin;
  const view = members.of(origin);
  return view?.isConnected === true && (view.state === 'alive' || view.state === 'leaving') ? origin : undefined;
}

export interface ClusterHomeOptions {
  readonly host: SyncHost;
  readonly members: MembersPart;
  readonly caller: Pick<CommandCaller, 'call'>;
  /** Of our node in the catalog. */
  readonly address: string;
  /** What there is to read where nothing is known yet. */
  readonly nothing: CatalogView;
}

/** The home as this agent knows it. */
export class ClusterHome implements Home {
  private readonly barrier = new FreshBarrier(() => this.ask());

  constructor(private readonly options: ClusterHomeOptions) {}

  get node(): string | undefined {
    return this.options.members.home().node;
  }

  get isSelf(): boolean {
    const { members } = this.options;
    return members.home().origin === members.self.origin;
  }

  leader(): string {
    const { members, host, address } = this.options;
    const origin = reachableHome(members);
    if (origin === undefined) return '';
    if (origin === members.self.origin) return host.catalog.ready ? serverName(address) : '';
    return serverName(addressOf(members, host.catalog, origin));
  }

  catalog(): CatalogView {
    const { host, nothing } = this.options;
    const target = this.target();
    if (!target) return host.catalog;
    return host.copyOf(target)?.catalog ?? nothing;
  }

  indexSpace(): string {
    const { host } = this.options;
    const target = this.target();
    if (!target) return host.indexSpace;
    return host.copyOf(target)?.indexSpace ?? '';
  }

  async fresh(): Promise<void> {
    if (!this.isSelf) await this.barrier.pass();
  }

  /** Of another agent that is the home, reachable or not. While there is none, our own is what there is to read. */
  private target(): MergeTarget | undefined {
    const { members } = this.options;
    const { origin } = members.home();
    if (origin === members.self.origin) return undefined;
    const info = origin === undefined ? undefined : members.of(origin)?.info;
    return info && { type: 'state', home: info.origin, space: info.space };
  }

  private async ask(): Promise<void> {
    const { members, caller } = this.options;
    const origin = reachableHome(members);
    if (origin === undefined || origin === members.self.origin) throw noLeader();
    try {
      await caller.call(origin, 'fresh', undefined);
    } catch (cause) {
      throw Object.assign(noLeader(), { cause });
    }
  }
}

/** Of the member's node in the catalog, which may be another than that of its peer port. */
export function addressOf(members: MembersPart, catalog: CatalogView, origin: Origin): string {
  const info = members.of(origin)?.info;
  if (!info) return '';
  const row = catalog.node(info.node);
  return row && row.id === origin && row.address !== '' ? row.address : info.host;
}
