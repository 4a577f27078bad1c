import type { Metric } from '../api/index.js';
import type { Cluster, MemberState, PeerReport, StreamReport, SyncReport } from '../model/index.js';

const MEMBER_STATES: readonly MemberState[] = ['alive', 'suspect', 'dead', 'leaving', 'left'];
const PEER_STATES: readonly PeerReport['state'][] = ['connected', 'connecting', 'waiting'];

/** What sync tells about itself under the names that Prometheus asks for: docs/sync.md lists them. */
export function* syncMetrics(cluster: Cluster): Generator<Metric> {
  const report = cluster.report();
  yield* members(report, cluster);
  for (const stream of report.streams) yield* streamMetrics(stream);
  yield* tombstones(report.streams);
  yield* peers(report.peers);
  yield gauge('shadowed', 'Rows that lost against those of another agent and are not shown.', report.conflicts.length);
  yield gauge('protected_mode', '1 while nothing is taken out of discovery.', report.protectedMode.active ? 1 : 0);
  yield gauge('local_health', 'How badly this agent keeps up: 0 to 8.', report.localHealth);
  yield gauge('event_loop_lag_seconds', 'How late the loop of sync was last.', report.eventLoopLagMs / 1000);
  const { withheldDeaths = 0, ...counters } = report.counters;
  yield gauge('withheld_deaths', 'Agents held dead but for protected mode, now.', withheldDeaths);
  for (const [name, value] of Object.entries(counters)) yield counted(name, value);
}

function* members(report: SyncReport, { home }: Cluster): Generator<Metric> {
  for (const state of MEMBER_STATES) {
    const count = report.members.filter((member) => member.state === state).length;
    yield gauge('members', 'Agents known to this one, itself included.', count, { state });
  }
  yield gauge('is_home', '1 when this agent decides keys, sessions, events and queries.', home.isSelf ? 1 : 0);
  yield gauge('has_home', '1 while some agent does and can be reached.', home.leader() === '' ? 0 : 1);
}

function* streamMetrics({ node, origin, kind, ...stream }: StreamReport): Generator<Metric> {
  const labels = { node, origin, kind };
  yield gauge('lag_versions', 'Changes of an agent that this one lacks.', stream.lagVersions, labels);
  yield gauge('lag_seconds', 'For how long it has lacked some.', stream.lagMs / 1000, labels);
  yield gauge('records', 'Facts of an agent that are held here.', stream.records, labels);
}

function* tombstones(streams: readonly StreamReport[]): Generator<Metric> {
  const held = streams.reduce((sum, stream) => sum + stream.tombstones, 0);
  const oldestMs = Math.max(0, ...streams.map((stream) => stream.oldestTombstoneMs));
  yield gauge('tombstones', 'Deletions that are still spoken of.', held);
  yield gauge('oldest_tombstone_seconds', 'Age of the oldest of them.', oldestMs / 1000);
}

function* peers(all: readonly PeerReport[]): Generator<Metric> {
  for (const state of PEER_STATES) {
    const count = all.filter((peer) => peer.state === state).length;
    yield gauge('peers', 'Connections to other agents, made or to be made.', count, { state });
  }
  for (const { node, datacenter, rttMs, queuedBytes } of all) {
    const labels = { node, datacenter };
    yield gauge('queued_bytes', 'What waits to be sent to an agent.', queuedBytes, labels);
    if (rttMs !== undefined) yield gauge('round_trip_seconds', 'To an agent and back.', rttMs / 1000, labels);
  }
}

/** Counters whose names hold a reason: one metric with a label. */
const LABELLED = /^(resets|deaths)([A-Z]\w*)$/;
const LABEL: Readonly<Record<string, string>> = { resets: 'reason', deaths: 'evidence' };

/** `pullsSent` of the report is `discovery_sync_pulls_sent_total`. */
function counted(name: string, value: number): Metric {
  const [, what, which] = LABELLED.exec(name) ?? [];
  const words = snakeCase(what ?? name);
  return {
    name: `discovery_sync_${words}_total`,
    help: `Sync: ${words.replaceAll('_', ' ')} since the start.`,
    type: 'counter',
    value,
    ...(what !== undefined && which !== undefined && { labels: { [LABEL[what] as string]: snakeCase(which) } }),
  };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter, at: number) => (at === 0 ? '' : '_') + letter.toLowerCase());
}

function gauge(name: string, help: string, value: number, labels?: Readonly<Record<string, string>>): Metric {
  return { name: `discovery_sync_${name}`, help, type: 'gauge', value, ...(labels && { labels }) };
}
