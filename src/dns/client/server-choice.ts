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
const probeShare = 0.1;
/** A server that is too slow to be asked is asked as well after so long. */
const remeasureMs = 10_000;

export function inOrder<T extends Choosable>(servers: readonly T[], random: Random): readonly T[] {
  if (servers.length === 1) return servers;
  const up = servers.filter((server) => !server.isDown);
  const mostMs = quickMs(up);
  return [
    ...shuffled(
      up.filter((server) => isWithin(server, mostMs)),
      random,
    ),
    ...byTime(up.filter((server) => !isWithin(server, mostMs))),
    ...byTime(servers.filter((server) => server.isDown)),
  ];
}

/** Those to look at beside a question that others answer: they may be better by now. */
export function toProbe<T extends Choosable & { readonly lastAskedMs: number }>(
  servers: readonly T[],
  nowMs: number,
  random: Random,
): readonly T[] {
  if (servers.length === 1) return [];
  const up = servers.filter((server) => !server.isDown);
  if (up.length === 0) return [];
  const mostMs = quickMs(up);
  return servers.filter((server) =>
    server.isDown ? random.next() < probeShare : !isWithin(server, mostMs) && nowMs - server.lastAskedMs >= remeasureMs,
  );
}

function quickMs(up: readonly Choosable[]): number {
  return Math.max(closeMs, 2 * Math.min(...up.flatMap(({ roundTrip }) => roundTrip?.smoothedMs ?? [])));
}

function isWithin({ roundTrip }: Choosable, mostMs: number): boolean {
  return (roundTrip?.smoothedMs ?? 0) <= mostMs;
}

function byTime<T extends Choosable>(servers: readonly T[]): readonly T[] {
  return servers.toSorted((a, b) => (a.roundTrip?.smoothedMs ?? 0) - (b.roundTrip?.smoothedMs ?? 0));
}
