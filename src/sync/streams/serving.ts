import { limits } from '../../model/index.js';
import type { MemberInfo, Message, Origin, StreamId, Want } from '../messages.js';
import type { StepContext } from '../step/parts.js';
import type { StreamCounters } from './counters.js';
import type { Holdings } from './holdings.js';
import type { Piece } from './pieces.js';
import { inOneClass, piecesAfter } from './pieces.js';
import { isSoundPosition } from './sound.js';
import type { Stream } from './stream.js';

/** A stream being sent anew: it can only go on while no version it still needs has been given anew or forgotten. */
interface Begun {
  readonly epoch: number;
  readonly gc: number;
}

/** Answers what peers ask for. */
export class Serving {
  private readonly begun = new Map<Origin, Map<StreamId, Begun>>();

  constructor(
    private readonly holdings: Holdings,
    private readonly counters: StreamCounters,
  ) {}

  pull(peer: MemberInfo, { wants }: Message & { readonly type: 'pull' }, { out }: StepContext): void {
    let room: number = limits.pullAnswerBytes;
    for (const want of wants) {
      if (room <= 0) return;
      const stream = this.holdings.streams.get(want.stream);
      if (!isSoundPosition(want)) this.counters.refusedMessages++;
      else if (stream && this.holdings.isFor(stream, peer) && stream.inc > 0) {
        for (const piece of this.answer(peer, stream, want)) {
          room -= limits.deltaBytes;
          out.sends.push({ to: peer.origin, ...piece });
        }
      }
    }
  }

  disconnected(peer: Origin): void {
    this.begun.delete(peer);
  }

  private answer(peer: MemberInfo, stream: Stream, want: Want): Piece[] {
    if (want.inc > stream.inc || (want.inc === stream.inc && want.ver > stream.ver)) return [];
    const goesOn = this.canGoOn(peer, stream, want);
    if (goesOn && want.ver === stream.ver && !want.staged) return [];
    if (!goesOn) this.begin(peer, stream);
    const from = goesOn ? want.ver : 0;
    const pieces = piecesAfter(stream, from, {
      filter: this.holdings.filterFor(peer, stream),
      most: limits.deltaWindow,
    });
    this.counters.servedDeltas += pieces.length;
    for (const { message } of pieces) this.counters.servedRecords += message.records.length;
    if (from > 0 && pieces.length === 1) return inOneClass(pieces);
    return pieces.map(({ message }) => ({ message, priority: 'bulk' }));
  }

  private canGoOn({ origin }: MemberInfo, stream: Stream, { inc, ver, staged }: Want): boolean {
    if (inc !== stream.inc) return false;
    if (!staged) return ver > 0 && ver >= stream.gc;
    const begun = this.begun.get(origin)?.get(stream.id);
    return begun?.epoch === stream.epoch && (begun.gc === stream.gc || ver >= stream.gc);
  }

  private begin({ origin }: MemberInfo, stream: Stream): void {
    let streams = this.begun.get(origin);
    if (!streams) this.begun.set(origin, (streams = new Map<StreamId, Begun>()));
    streams.set(stream.id, { epoch: stream.epoch, gc: stream.gc });
  }
}
