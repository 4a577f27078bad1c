import type { RowRef } from '../../model/index.js';
import { refKey } from '../../model/index.js';
import type { MemberInfo, Origin, StreamId } from '../messages.js';
import { streamKind, streamOrigin } from '../messages.js';
import type { MembersPart, StreamsOptions } from '../step/parts.js';
import type { MergeTarget } from '../step/types.js';
import { ExportFilter } from './export-filter.js';
import type { SyncedRecord } from './record.js';
import { Space } from './space.js';
import { Stream } from './stream.js';

/** Every stream that is held, the spaces they show in, and which of them concern whom. */
export class Holdings {
  readonly streams = new Map<StreamId, Stream>();
  readonly local: Space;
  private readonly spaces = new Map<string, Space>();
  /** Whose position this step changed. */
  readonly touched = new Set<Stream>();
  /** Origins that left or were forgotten, and the incarnation they may not come back with. */
  readonly gone = new Map<Origin, number>();
  private readonly filters = new Map<string, ExportFilter>();
  private readonly members: MembersPart;
  private readonly datacenter: string;

  constructor({ own, settings, members }: StreamsOptions) {
    this.members = members;
    this.datacenter = own.info.datacenter;
    this.local = new Space(this.datacenter, { type: 'local' });
    this.spaces.set('local', this.local);
    for (const [datacenter, names] of Object.entries(settings.exports)) {
      this.filters.set(datacenter, new ExportFilter(names));
    }
  }

  allSpaces(): Iterable<Space> {
    return this.spaces.values();
  }

  spaceFor(target: MergeTarget): Space {
    const name =
      target.type === 'datacenter' ? `in ${target.datacenter}` : target.type === 'state' ? target.home : 'local';
    let space = this.spaces.get(name);
    if (!space) {
      space = new Space(target.type === 'datacenter' ? target.datacenter : this.datacenter, target);
      this.spaces.set(name, space);
    }
    return space;
  }

  /** The stream, begun with nothing when it is new here. Its origin must be known. */
  streamOf(id: StreamId): Stream {
    return this.streams.get(id) ?? this.addStream(id, this.spaceFor(this.targetOf(id)));
  }

  find(stream: Stream, ref: RowRef): SyncedRecord | undefined {
    return stream.space.find(refKey(ref), stream);
  }

  addStream(id: StreamId, space: Space): Stream {
    const stream = new Stream(id, space);
    this.streams.set(id, stream);
    return stream;
  }

  private targetOf(id: StreamId): MergeTarget {
    const origin = streamOrigin(id);
    const info = this.infoOf(origin);
    if (origin === this.members.self.origin) return { type: 'local' };
    if (streamKind(id) === 'state') return { type: 'state', home: origin, space: info?.space ?? '' };
    if (!info || info.datacenter === this.datacenter) return { type: 'local' };
    return { type: 'datacenter', datacenter: info.datacenter };
  }

  private infoOf(origin: Origin): MemberInfo | undefined {
    return origin === this.members.self.origin ? this.members.self : this.members.of(origin)?.info;
  }

  // ---- who is concerned

  /** Whether its records are taken at all: of another known member that has not left, state only of the home. */
  isWelcome(id: StreamId, inc: number): boolean {
    const origin = streamOrigin(id);
    if (origin === this.members.self.origin) return false;
    const view = this.members.of(origin);
    if (!view || view.state === 'left' || view.info.left || inc <= (this.gone.get(origin) ?? 0)) return false;
    return streamKind(id) === 'catalog' || this.isHome(origin);
  }

  /** Between us and a peer of our datacenter everything is spoken of; with others our catalog and theirs. */
  concerns(stream: Stream, peer: MemberInfo): boolean {
    if (stream.kind === 'state') return peer.datacenter === this.datacenter && this.isHome(stream.origin);
    if (peer.datacenter === this.datacenter) return true;
    const { datacenter } = stream.space;
    return datacenter === this.datacenter || datacenter === peer.datacenter;
  }

  /** Whether the peer may be sent a stream: another datacenter is never told of itself. */
  isFor(stream: Stream, peer: MemberInfo): boolean {
    return this.concerns(stream, peer) && (this.isNear(peer) || stream.space.datacenter === this.datacenter);
  }

  /** Whether the peer may tell us of a stream. */
  isFrom(id: StreamId, peer: MemberInfo): boolean {
    if (this.isNear(peer)) return true;
    return streamKind(id) === 'catalog' && this.infoOf(streamOrigin(id))?.datacenter === peer.datacenter;
  }

  isNear(peer: MemberInfo): boolean {
    return peer.datacenter === this.datacenter;
  }

  filterFor(peer: MemberInfo, stream: Stream): ExportFilter | undefined {
    if (this.isNear(peer) || stream.space.datacenter !== this.datacenter) return undefined;
    return this.filters.get(peer.datacenter);
  }

  isHome(origin: Origin): boolean {
    return this.members.home().origin === origin;
  }
}
