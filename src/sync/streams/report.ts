import type { StreamReport } from '../../model/index.js';
import type { Stream } from './stream.js';

export function reportOf(stream: Stream, node: string, nowMs: number): StreamReport {
  const [oldest] = stream.tombstones;
  return {
    origin: stream.origin,
    node,
    kind: stream.kind,
    incarnation: stream.inc,
    version: stream.ver,
    lagVersions: lagOf(stream),
    lagMs: stream.behindSinceMs === undefined ? 0 : Math.max(0, nowMs - stream.behindSinceMs),
    records: stream.rows,
    tombstones: stream.records - stream.rows,
    oldestTombstoneMs: oldest ? Math.max(0, nowMs - oldest.goneSinceMs) : 0,
  };
}

/** Of a later incarnation as far as that one has got. */
function lagOf({ isBehind, claimed, inc, ver }: Stream): number {
  if (!isBehind) return 0;
  return claimed.inc === inc ? claimed.ver - ver : Math.max(1, claimed.ver);
}
