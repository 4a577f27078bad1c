import type { PeerReport } from '../../model/index.js';
import type { PeerConnection, PeerTraffic } from '../connection/types.js';
import type { MemberInfo } from '../messages.js';
import { hostPort } from '../server-name.js';
import type { Link } from './links.js';

const COUNTED = [
  'sentBytes',
  'receivedBytes',
  'sentFrames',
  'receivedFrames',
  'sentPlainBytes',
  'receivedPlainBytes',
  'droppedFrames',
  'malformedMessages',
  'unknownMessages',
] as const satisfies readonly (keyof PeerTraffic)[];

type Counts = Record<(typeof COUNTED)[number], number>;

/** What went over all connections since the start, those that ended included. */
export class Traffic {
  private readonly ended: Counts = none();

  over(connection: PeerConnection): void {
    add(this.ended, connection.report());
  }

  counts(links: Iterable<Link>): Readonly<Counts> {
    const all = { ...this.ended };
    for (const { connection } of links) add(all, connection.report());
    return all;
  }
}

export function reportConnected({ connection }: Link, rttMs: number | undefined): PeerReport {
  const { sentBytes, receivedBytes, queuedBytes, droppedFrames, compression, encrypted } = connection.report();
  const traffic = { sentBytes, receivedBytes, queuedBytes, droppedFrames, compression, encrypted };
  return { ...nameOf(connection.peer), state: 'connected', rttMs, ...traffic };
}

/** A member that is being looked for. */
export function reportWaiting(member: MemberInfo, isDialled: boolean): PeerReport {
  return {
    ...nameOf(member),
    state: isDialled ? 'connecting' : 'waiting',
    rttMs: undefined,
    sentBytes: 0,
    receivedBytes: 0,
    queuedBytes: 0,
    droppedFrames: 0,
    compression: 'off',
    encrypted: false,
  };
}

function none(): Counts {
  return Object.fromEntries(COUNTED.map((name) => [name, 0])) as Counts;
}

function add(counts: Counts, traffic: PeerTraffic): void {
  for (const name of COUNTED) counts[name] += traffic[name];
}

function nameOf({ origin, node, datacenter, host, port }: MemberInfo) {
  return { origin, node, datacenter, address: hostPort(host, port) };
}
