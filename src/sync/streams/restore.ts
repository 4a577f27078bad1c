/**
 * What the last life left: rows and documents of each target, as streams at the positions that were committed with them.
 * Versions of single records are not kept, so nobody who is behind such a position is brought forward from here: it gets
 * the stream anew.
 */
import type { Row } from '../../model/index.js';
import { refOf } from '../../model/index.js';
import type { Held } from '../host.js';
import type { Origin, StreamId } from '../messages.js';
import { streamId, streamKind, streamOrigin } from '../messages.js';
import type { MembersPart, StepContext } from '../step/parts.js';
import { progressId, progressOf } from './documents.js';
import type { Progress } from './documents.js';
import type { Holdings } from './holdings.js';
import type { OwnStreams } from './own-streams.js';
import { kindsOf } from './own-streams.js';
import type { SyncedRecord } from './record.js';
import { isShadowId, shadowId, shadowOf } from './shadow-document.js';
import type { Shadow } from './shadow-document.js';
import type { Space } from './space.js';
import type { StepMerges } from './step-merges.js';
import type { Stream } from './stream.js';

export class Restore {
  constructor(
    private readonly holdings: Holdings,
    private readonly members: MembersPart,
    private readonly merges: StepMerges,
    private readonly ownStreams: OwnStreams,
  ) {}

  from(all: readonly Held[], context: StepContext): void {
    for (const held of all) new Shelf(held, this.holdings, this.members, this.merges).restore(this.ownStreams, context);
  }
}

class Shelf {
  private readonly space: Space;
  private readonly self: Origin;
  private readonly progress = new Map<StreamId, Progress>();
  private readonly shadows: Shadow[] = [];
  private readonly own: Row[] = [];

  constructor(
    private readonly held: Held,
    private readonly holdings: Holdings,
    private readonly members: MembersPart,
    private readonly merges: StepMerges,
  ) {
    this.space = holdings.spaceFor(held.target);
    this.self = members.self.origin;
  }

  restore(ownStreams: OwnStreams, context: StepContext): void {
    this.readDocuments();
    const streams = new Map([...this.progress].map(([id]) => [id, this.begin(id)]));
    for (const row of this.held.rows) this.restoreRow(row, streams, context);
    for (const shadow of this.shadows) this.restoreShadow(shadow, streams, context);
    for (const [id, stream] of streams) this.place(stream, this.progress.get(id) as Progress);
    if (this.held.target.type !== 'local') return;
    const shadows = this.shadows.filter(({ origin }) => origin === this.self);
    ownStreams.build({ index: this.held.index, rows: this.own, shadows }, context);
  }

  /** Streams of those who left meanwhile are not taken up again; what is left of their rows goes. */
  private readDocuments(): void {
    for (const document of this.held.documents) {
      const found = progressOf(document);
      if (isShadowId(document.id)) this.shadows.push(shadowOf(document.body));
      else if (found) this.readProgress(found.stream, found.progress);
    }
  }

  private readProgress(id: StreamId, progress: Progress): void {
    const origin = streamOrigin(id);
    if (progress.isGone && this.hasLeft(origin, progress.inc)) this.holdings.gone.set(origin, progress.inc);
    else if (!progress.isGone && this.isWanted(id)) this.progress.set(id, progress);
    else this.merges.removeDocument(this.space, progressId(id));
  }

  /** A member that is there with that incarnation was let go only for a while. */
  private hasLeft(origin: Origin, inc: number): boolean {
    const view = this.members.of(origin);
    return view === undefined || view.state === 'left' || view.info.inc > inc;
  }

  private isWanted(id: StreamId): boolean {
    const { target } = this.held;
    if (target.type === 'state') return id === streamId(target.home, 'state');
    const state = this.members.of(streamOrigin(id))?.state;
    return streamKind(id) === 'catalog' && state !== undefined && state !== 'left';
  }

  private begin(id: StreamId): Stream {
    return this.holdings.addStream(id, this.space);
  }

  private restoreRow(row: Row, streams: ReadonlyMap<StreamId, Stream>, context: StepContext): void {
    const { target } = this.held;
    const isOfState = kindsOf.state.has(row.kind);
    if (!isOfState && !kindsOf.catalog.has(row.kind)) return;
    const origin = 'origin' in row ? row.origin : this.self;
    if (target.type === 'local' && origin === this.self) {
      this.own.push(row);
      return;
    }
    const stream = streams.get(target.type === 'state' ? streamId(target.home, 'state') : origin);
    const hlc = 'hlc' in row ? (row.hlc ?? 0) : 0;
    if (stream) this.keep(stream, { origin, ref: refOf(row), hlc, row }, 'row', context);
    // Of nobody we know: whoever says it will say it again.
    else if (target.type !== 'state') this.merges.remove(this.space, refOf(row));
  }

  private restoreShadow(shadow: Shadow, streams: ReadonlyMap<StreamId, Stream>, context: StepContext): void {
    if (shadow.origin === this.self) return;
    const stream = streams.get(shadow.origin);
    // A row beside its shadow was merged after the command that hid it, before that was heard of.
    const isShown = stream && this.holdings.find(stream, shadow.ref);
    if (stream && !isShown) this.keep(stream, shadow, 'shadow', context);
    else this.merges.removeDocument(this.space, shadowId(shadow));
  }

  private keep(stream: Stream, shadow: Shadow, kept: SyncedRecord['kept'], { now }: StepContext): void {
    const { ref, hlc, row } = shadow;
    this.space.restore(stream, ref, stream.records + 1, { hlc, row }, kept, now);
  }

  /** A position that is not that of these records is not believed: the stream is fetched, and compared to them. */
  private place(stream: Stream, { inc, ver, index, hash }: Progress): void {
    const isSound = stream.records <= ver && stream.hash0 === hash[0] && stream.hash1 === hash[1];
    stream.move(isSound ? inc : 0, isSound ? ver : 0, isSound ? ver : 0);
    stream.index = index;
  }
}
