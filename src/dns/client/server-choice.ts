/**
 * Whom to ask, and who is next: the quick ones in random order, so that each stays measured and none carries all, then
 * the slower by their times, last those that failed three times in a row. Who was never asked counts as quick.
 */
import { shuffled } from '../../runtime/index.js';
import type { Random } from '../../runtime/index.js';
import type { RoundTrip } from './round-trip.js';

export interface Choosable {
  readonly roundTrip: RoundTrip | undefined;
  readonly isDown: boolean;
}

/** Differences below this do not matter, ms. */
const closeMs = 5;
/** Share of questions with which a server that is down is asked as well. */
export const probeShare = 0.1;

export function inOrder<T extends Choosable>(servers: readonly T[], random: Random): readonly T[] {
  if (servers.length === 1) return servers;
  const up = servers.filter((server) => !server.isDown);
  const measured = up.flatMap(({ roundTrip }) => roundTrip?.smoothedMs ?? []);
  const quickMs = Math.max(closeMs, 2 * Math.min(...measured));
  const isQuick = ({ roundTrip }: T): boolean => (roundTrip?.smoothedMs ?? 0) <= quickMs;
  return [
    ...shuffled(up.filter(isQuick), random),
    ...byTime(up.filter((server) => !isQuick(server))),
    ...byTime(servers.filter((server) => server.isDown)),
  ];
}

function byTime<T extends Choosable>(servers: readonly T[]): readonly T[] {
  return servers.toSorted((a, b) => (a.roundTrip?.smoothedMs ?? 0) - (b.roundTrip?.smoothedMs ?? 0));
}
