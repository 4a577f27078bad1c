import { limits } from '../../model/index.js';
import type { DeltaMessage, StreamId } from '../messages.js';
import { streamId, streamKind, streamOrigin } from '../messages.js';
import { unsendable, WireError } from './bytes.js';
import type { Codec } from './codec.js';
import { origin } from './names.js';
import { readRecords, writeRecords } from './records.js';

/** How a delta departs from the most usual one: dense, to the end of its stream, of a catalog. */
const STATE = 1;
const SPARSE = 2;
const PARTIAL = 4;
const INDEXED = 8;

/** A stream by its origin, and one bit elsewhere. */
export const stream: Codec<StreamId> = {
  write: (out, id) => {
    out.byte(streamKind(id) === 'state' ? STATE : 0);
    origin.write(out, streamOrigin(id));
  },
  read: (from) => {
    const head = from.byte();
    if (head > STATE) throw new WireError(`a stream of kind ${head}`);
    return streamId(origin.read(from), head === STATE ? 'state' : 'catalog');
  },
};

/**
 * What is the same from one delta of a stream to the next stands first, in one piece: on a connection that compresses it
 * then costs two or three bytes.
 */
export const delta: Codec<Omit<DeltaMessage, 'type'>> = {
  write: (out, message) => {
    const { records, prev, to, end } = message;
    if (records.length > limits.deltaRecords) throw unsendable(`a delta of ${records.length} records`);
    const isDense = to - prev === records.length;
    out.byte(
      (streamKind(message.stream) === 'state' ? STATE : 0) +
        (isDense ? 0 : SPARSE) +
        (end === to ? 0 : PARTIAL) +
        (message.index === 0 ? 0 : INDEXED),
    );
    origin.write(out, streamOrigin(message.stream));
    out.count(message.inc);
    out.count(message.gc);
    out.count(records.length);
    out.count(to);
    if (!isDense) out.count(prev);
    if (end !== to) out.count(end);
    if (message.index !== 0) out.count(message.index);
    writeRecords(out, message, records);
  },
  read: (from) => {
    const head = from.byte();
    if (head >= 2 * INDEXED) throw new WireError(`a delta that begins with ${head}`);
    const stream = streamId(origin.read(from), head & STATE ? 'state' : 'catalog');
    const inc = from.count();
    const gc = from.count();
    const size = from.size(limits.deltaRecords);
    const to = from.count();
    const prev = head & SPARSE ? from.count() : to - size;
    const end = head & PARTIAL ? from.count() : to;
    const index = head & INDEXED ? from.count() : 0;
    if (prev < 0 || prev > to) throw new WireError('a delta that ends before it begins');
    const records = readRecords(from, { stream, inc, prev, to }, size);
    return { stream, inc, prev, to, end, gc, index, records };
  },
};
