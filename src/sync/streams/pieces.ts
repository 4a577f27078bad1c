import type { Row } from '../../model/index.js';
import { limits } from '../../model/index.js';
import type { DeltaMessage, Priority, SyncRecord } from '../messages.js';
import { priorities } from '../messages.js';
import type { ExportFilter } from './export-filter.js';
import type { SyncedRecord } from './record.js';
import type { Stream } from './stream.js';

export interface Piece {
  readonly message: DeltaMessage;
  readonly priority: Priority;
}

/**
 * What a stream says after a version, in order, cut into messages of bounded size; at most so many: whoever gets them
 * asks for more. A filter leaves out records, never versions.
 */
export function piecesAfter(
  stream: Stream,
  from: number,
  options: { readonly filter?: ExportFilter | undefined; readonly most?: number } = {},
): Piece[] {
  const pieces: Piece[] = [];
  const most = options.most ?? Infinity;
  let cut = new Cut(stream, from);
  for (const record of stream.after(from)) {
    const said = wireRecord(record, options.filter);
    if (said && !cut.takes(record)) {
      pieces.push(cut.end(cut.last));
      if (pieces.length === most) return pieces;
      cut = new Cut(stream, cut.last);
    }
    cut.add(record, said);
  }
  pieces.push(cut.end(stream.ver));
  return pieces;
}

/** All of them in the class of the most urgent: one class keeps its order on a connection, and versions need it. */
export function inOneClass(pieces: readonly Piece[]): Piece[] {
  const priority = pieces.reduce<Priority>((most, piece) => moreUrgent(most, piece.priority), 'metadata');
  return pieces.map(({ message }) => ({ message, priority }));
}

class Cut {
  last: number;
  private readonly records: SyncRecord[] = [];
  private bytes = 0;
  private urgency: Priority = 'metadata';

  constructor(
    private readonly stream: Stream,
    private readonly prev: number,
  ) {
    this.last = prev;
  }

  takes({ bytes }: SyncedRecord): boolean {
    if (this.records.length === 0) return true;
    return this.records.length < limits.deltaRecords && this.bytes + bytes <= limits.deltaBytes;
  }

  add(record: SyncedRecord, said: SyncRecord | undefined): void {
    this.last = record.ver;
    if (!said) return;
    this.records.push(said);
    this.bytes += record.bytes;
    this.urgency = moreUrgent(this.urgency, record.urgency);
  }

  end(to: number): Piece {
    const { id, inc, ver, gc, index } = this.stream;
    const message: DeltaMessage = {
      type: 'delta',
      stream: id,
      inc,
      prev: this.prev,
      to,
      end: ver,
      gc,
      index,
      records: this.records,
    };
    return { message, priority: this.urgency };
  }
}

/** Undefined: the filter does not show it, and never did. */
function wireRecord(record: SyncedRecord, filter: ExportFilter | undefined): SyncRecord | undefined {
  const { ref, ver, hlc, row } = record;
  if (filter?.withdraws(record)) return { ref, ver, hlc: 0 };
  if (filter && !filter.shows(record)) return undefined;
  return row ? { ref, ver, hlc, row } : { ref, ver, hlc };
}

function moreUrgent(a: Priority, b: Priority): Priority {
  return priorities.indexOf(a) < priorities.indexOf(b) ? a : b;
}

/** Of the facts of one origin: deletions before health before registrations before what only describes. */
export function urgencyOf(before: Row | undefined, after: Row | undefined): Priority {
  if (!after) return 'tombstone';
  if (after.kind === 'check') return 'health';
  if (!before || before.kind !== after.kind) return 'registration';
  return isReachedAsBefore(before, after) ? 'metadata' : 'registration';
}

function isReachedAsBefore(before: Row, after: Row): boolean {
  if (before.kind === 'node' && after.kind === 'node') return before.address === after.address;
  if (before.kind !== 'service' || after.kind !== 'service') return true;
  return before.service === after.service && before.address === after.address && before.port === after.port;
}
