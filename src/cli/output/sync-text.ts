import type { ConflictReport, PeerReport, StreamReport, SyncReport } from '../../consul/index.js';
import type { Io, Style } from '../io.js';
import { printable } from './printable.js';
import { table } from './table.js';
import { bytesText, lasted, plural } from './words.js';

/** What `datapunk sync` shows. */
export function syncText(io: Io, report: SyncReport): string {
  // Of agents that are no home there is no state.
  const streams = report.streams.filter(({ kind, version }) => kind === 'catalog' || version > 0);
  return [
    head(io, report),
    report.peers.length === 0 ? 'no connection to another agent\n' : peerTable(io, report.peers),
    ...(streams.length === 0 ? [] : [streamTable(io, streams)]),
    ...(report.conflicts.length === 0 ? [] : [conflictTable(io, report.conflicts)]),
  ].join('\n');
}

function head(io: Io, { self, members, protectedMode, localHealth, eventLoopLagMs }: SyncReport): string {
  const known = members.filter(({ isSelf }) => !isSelf);
  const home = members.find(({ isHome }) => isHome);
  const { active, reason, sinceMs } = protectedMode;
  const lines = [
    `${io.paint('bold', printable(self.node))} in ${printable(self.datacenter)} at ${printable(self.address)}, ` +
      `knows ${plural(known.length, 'other agent')}, home: ${home ? printable(home.node) : io.paint('yellow', 'none')}`,
    active
      ? io.paint('red', `protected mode for ${lasted(sinceMs)}: ${printable(reason)}`)
      : `protected mode: ${io.paint('green', 'off')}`,
    `local health ${localHealth} of 8 (0 is well), event loop ${lasted(eventLoopLagMs)} late`,
  ];
  return `${lines.join('\n')}\n`;
}

const STATE_STYLE: Readonly<Record<PeerReport['state'], Style>> = {
  connected: 'green',
  connecting: 'yellow',
  waiting: 'red',
};

function peerTable(io: Io, peers: readonly PeerReport[]): string {
  return table(
    io,
    [
      { title: 'PEER', value: (peer) => peer.node },
      { title: 'DC', value: (peer) => peer.datacenter },
      { title: 'ADDRESS', value: (peer) => peer.address },
      { title: 'IS', value: (peer) => io.paint(STATE_STYLE[peer.state], peer.state) },
      {
        title: 'ROUND TRIP',
        value: ({ rttMs }) => (rttMs === undefined ? '-' : `${rttMs.toFixed(1)}ms`),
        align: 'right',
      },
      { title: 'SENT', value: (peer) => bytesText(peer.sentBytes), align: 'right' },
      { title: 'RECEIVED', value: (peer) => bytesText(peer.receivedBytes), align: 'right' },
      { title: 'QUEUED', value: (peer) => bytesText(peer.queuedBytes), align: 'right' },
      { title: 'DROPPED', value: (peer) => String(peer.droppedFrames), align: 'right' },
      { title: 'COMPRESSED', value: (peer) => (peer.compression === 'on' ? 'yes' : 'no') },
      { title: 'ENCRYPTED', value: (peer) => (peer.encrypted ? 'yes' : 'no') },
    ],
    peers,
  );
}

function streamTable(io: Io, streams: readonly StreamReport[]): string {
  return table(
    io,
    [
      { title: 'FACTS OF', value: (stream) => stream.node || stream.origin.slice(0, 8) },
      { title: 'KIND', value: (stream) => stream.kind },
      { title: 'VERSION', value: (stream) => String(stream.version), align: 'right' },
      { title: 'LAG', value: (stream) => lagText(io, stream), align: 'right' },
      { title: 'RECORDS', value: (stream) => String(stream.records), align: 'right' },
      { title: 'TOMBSTONES', value: tombstones, align: 'right' },
    ],
    streams,
  );
}

function lagText(io: Io, { lagVersions, lagMs }: StreamReport): string {
  if (lagVersions === 0) return '0';
  return io.paint('yellow', `${lagVersions} for ${lasted(lagMs)}`);
}

function tombstones({ tombstones: count, oldestTombstoneMs }: StreamReport): string {
  return count === 0 ? '0' : `${count}, oldest ${lasted(oldestTombstoneMs)}`;
}

function conflictTable(io: Io, conflicts: readonly ConflictReport[]): string {
  return table(
    io,
    [
      { title: 'CONFLICT', value: ({ node, id }) => (id === '' ? node : `${node}/${id}`) },
      { title: 'SHOWN IS THAT OF', value: ({ winner }) => winner },
      { title: 'SHADOWED THAT OF', value: ({ loser }) => loser },
      { title: 'WHY', value: ({ reason }) => reason },
    ],
    conflicts,
  );
}
