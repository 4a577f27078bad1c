/**
 * Records of a delta. Each begins with a head of bits; most of the rest follows from the records before it in the same
 * message: the version, the time of registration, the node, the service of a check.
 */
import { refOf } from '../../model/index.js';
import type { Row, RowRef } from '../../model/index.js';
import { hlcCounter, hlcOf, hlcWallMs } from '../hlc.js';
import type { DeltaMessage, StreamKind, SyncRecord } from '../messages.js';
import { streamKind, streamOrigin } from '../messages.js';
import type { ByteReader, ByteWriter } from './bytes.js';
import { unsendable, WireError } from './bytes.js';
import { difference } from './codec.js';
import type { KindCodec } from './kinds.js';
import { KINDS, remember } from './kinds.js';
import type { Last } from './sparse.js';

/** The head: three bits of kind, and these. */
const KIND = 7;
const GONE = 8;
/** Versions are missing before it: their facts were said anew later. */
const SKIPS = 16;
const TIMED = 32;
/** The row carries that same time, */
const STAMPED = 64;
/** …or one of its own. */
const OTHERWISE_STAMPED = 128;

type Head = Pick<DeltaMessage, 'stream' | 'inc' | 'prev' | 'to'>;

export function writeRecords(out: ByteWriter, delta: Head, records: readonly SyncRecord[]): void {
  const last = lastBefore(delta);
  let ver = delta.prev;
  for (const record of records) {
    writeRecord(out, record, ver, last);
    ver = record.ver;
  }
}

export function readRecords(from: ByteReader, delta: Head, size: number): SyncRecord[] {
  const last = lastBefore(delta);
  const kind = streamKind(delta.stream);
  const records: SyncRecord[] = [];
  for (let ver = delta.prev; records.length < size; ver = records.at(-1)?.ver ?? ver) {
    records.push(readRecord(from, ver, last, kind));
  }
  if ((records.at(-1)?.ver ?? 0) > delta.to) throw new WireError('records beyond the end of their delta');
  return records;
}

const LATEST_MS = hlcWallMs(Number.MAX_SAFE_INTEGER);

/** Incarnations are wall-clock milliseconds, of which the times of registrations are not far. */
function lastBefore({ stream, inc }: Head): Last {
  const origin = streamOrigin(stream);
  return { origin, datacenter: '', node: '', serviceId: '', service: '', tags: [], wallMs: Math.min(inc, LATEST_MS) };
}

function writeRecord(out: ByteWriter, record: SyncRecord, ver: number, last: Last): void {
  const { row, ref } = record;
  const at = KINDS.findIndex(({ kind }) => kind === ref.kind);
  const codec = KINDS[at];
  if (!codec) throw unsendable(`a row of kind ${ref.kind}`);
  const stamp = stampOf(row);
  const isStamped = stamp !== undefined && stamp === record.hlc;
  const skips = record.ver !== ver + 1;
  out.count(
    at +
      (row ? 0 : GONE) +
      (skips ? SKIPS : 0) +
      (record.hlc > 0 ? TIMED : 0) +
      (isStamped ? STAMPED : 0) +
      (stamp !== undefined && !isStamped ? OTHERWISE_STAMPED : 0),
  );
  if (skips) out.count(record.ver - ver);
  if (record.hlc > 0) writeTime(out, record.hlc, last);
  if (stamp !== undefined && !isStamped) out.count(stamp);
  if (row) {
    codec.row.write(out, row, last);
    remember(last, row);
  } else writeGone(out, codec, ref, last);
}

function readRecord(from: ByteReader, before: number, last: Last, stream: StreamKind): SyncRecord {
  const head = from.count();
  const codec = KINDS[head & KIND] as KindCodec;
  if (codec.stream !== stream || !isHead(head, stream)) throw new WireError(`a record that begins with ${head}`);
  const ver = before + (head & SKIPS ? from.count() : 1);
  if (ver <= before || !Number.isSafeInteger(ver)) throw new WireError('versions out of order');
  const hlc = head & TIMED ? readTime(from, last) : 0;
  const stamp = head & OTHERWISE_STAMPED ? from.count() : head & STAMPED ? hlc : undefined;
  if (head & GONE) return { ref: readGone(from, codec, last), ver, hlc };
  const row = codec.row.read(from, last);
  if (stamp !== undefined) (row as { hlc?: number }).hlc = stamp;
  remember(last, row);
  return { ref: refOf(row), ver, hlc, row };
}

/** Only rows of a catalog, those that are there, say when they were registered, and only once. */
function isHead(head: number, stream: StreamKind): boolean {
  const stamps = head & (STAMPED + OTHERWISE_STAMPED);
  if (head >= 2 * OTHERWISE_STAMPED || stamps === STAMPED + OTHERWISE_STAMPED) return false;
  return stamps === 0 || (stream === 'catalog' && (head & GONE) === 0);
}

function writeGone(out: ByteWriter, codec: KindCodec, ref: RowRef, last: Last): void {
  codec.ref.write(out, ref, last);
  rememberGone(last, ref);
}

function readGone(from: ByteReader, codec: KindCodec, last: Last): RowRef {
  const ref = { kind: codec.kind, ...codec.ref.read(from, last) };
  rememberGone(last, ref);
  return ref;
}

function rememberGone(last: Last, { kind, node, id }: RowRef): void {
  if (kind !== 'node' && kind !== 'service' && kind !== 'check') return;
  last.node = node;
  if (kind === 'service') last.serviceId = id;
}

function stampOf(row: Row | undefined): number | undefined {
  return row?.kind === 'node' || row?.kind === 'service' || row?.kind === 'check' ? row.hlc : undefined;
}

function writeTime(out: ByteWriter, hlc: number, last: Last): void {
  const wallMs = hlcWallMs(hlc);
  difference.write(out, wallMs - last.wallMs);
  out.count(hlcCounter(hlc));
  last.wallMs = wallMs;
}

function readTime(from: ByteReader, last: Last): number {
  last.wallMs += difference.read(from);
  const hlc = hlcOf(last.wallMs, from.count());
  if (hlc <= 0 || !Number.isSafeInteger(hlc)) throw new WireError('a time that cannot be');
  return hlc;
}
