import { defaults, invalid } from '../../model/index.js';
import type { PeerConfig } from './agent-config.js';
import { isWildcard, splitHosts, type ListenAddress } from './listen.js';
import { ms, number } from './raw-values.js';
import type { RawConfig } from './schema/index.js';
import { parseSeed } from '../../sync/index.js';

type SyncConfig = PeerConfig['settings'];

/** The peer port, who is looked for, and how sync behaves. `isGiven` tells what the defaults did not say. */
export function peersOf(
  raw: RawConfig,
  http: readonly ListenAddress[],
  advertiseAddress: string,
  dev: boolean,
  isGiven: (path: string) => boolean,
): PeerConfig {
  const join = seedsOf(raw.retry_join, raw.start_join);
  const joinWan = seedsOf(raw.retry_join_wan, raw.start_join_wan);
  const joins = join.length + joinWan.length > 0;
  const isAsked = isGiven('ports.serf_lan') || joins;
  const port = portOf(raw, dev, joins, isGiven);
  const host = hostOf(raw, http);
  return {
    listen: port < 0 ? undefined : { host, port },
    isAsked,
    advertise: raw.advertise_addr !== undefined || isWildcard(host) ? advertiseAddress : undefined,
    join,
    joinWan,
    keys: keysOf(raw.encrypt),
    primaryNode: raw.primary_node ?? '',
    rejoinAfterLeave: raw.rejoin_after_leave === true,
    leaveOn: {
      SIGTERM: raw.leave_on_terminate === true,
      SIGINT: raw.skip_leave_on_interrupt === false,
    },
    settings: settingsOf(raw),
  };
}

function seedsOf(...lists: readonly (readonly string[] | undefined)[]): PeerConfig['join'] {
  return lists
    .flatMap((list) => list ?? [])
    .flatMap((text) => parseSeed(text) ?? [])
    .map(({ host, port = defaults.peerPort }) => ({ host, port }));
}

/** In memory nothing is opened that was not asked for; who asks to meet others asks for a port too. */
function portOf(raw: RawConfig, dev: boolean, joins: boolean, isGiven: (path: string) => boolean): number {
  if (!isGiven('ports.serf_lan')) return dev && !joins ? -1 : defaults.peerPort;
  const port = raw.ports?.serf_lan ?? -1;
  if (port < 0 && joins) {
    throw invalid('ports.serf_lan: -1 is no peer port, and retry_join needs one to meet other agents on');
  }
  return port;
}

/** As open as the HTTP API, which may do the same and more, unless told otherwise. */
function hostOf(raw: RawConfig, http: readonly ListenAddress[]): string {
  const given = raw.bind_addr === undefined ? undefined : splitHosts(raw.bind_addr)[0];
  if (given !== undefined) return given;
  return http.find((address) => address.type === 'tcp')?.host ?? '127.0.0.1';
}

function keysOf(encrypt: RawConfig['encrypt']): readonly string[] {
  const keys = typeof encrypt === 'string' ? [encrypt] : (encrypt ?? []);
  return [...new Set(keys.filter((key) => key !== ''))];
}

function settingsOf(raw: RawConfig): SyncConfig {
  const sync = raw.sync ?? {};
  const settings: SyncConfig = {
    flushMs: ms(sync.flush),
    flushBytes: number(sync.flush_bytes),
    digestMs: ms(sync.digest_interval),
    remoteFlushMs: ms(sync.remote_flush),
    remoteDigestMs: ms(sync.remote_digest_interval),
    heartbeatMs: ms(sync.heartbeat_interval),
    suspectAfterMs: ms(sync.suspect_after),
    deadAfterMs: ms(sync.dead_after),
    hardDeadAfterMs: ms(sync.hard_dead_after),
    monitors: number(sync.monitors),
    minNodes: number(sync.min_nodes),
    lossShare: number(sync.loss_share),
    lossWindowMs: ms(sync.loss_window),
    tombstoneMinMs: ms(sync.tombstone_min),
    tombstoneMaxMs: ms(sync.tombstone_max),
    reconnectTimeoutMs: ms(raw.reconnect_timeout),
    compression: sync.compression ?? 'auto',
    queueBytes: number(sync.queue_bytes),
    bulkBytesPerSecond: number(sync.bulk_bytes_per_second),
    exports: sync.exports ?? {},
  };
  refuseContradictions(settings);
  return settings;
}

/** What each value alone cannot tell. */
function refuseContradictions(settings: SyncConfig): void {
  const { heartbeatMs, suspectAfterMs, deadAfterMs, tombstoneMinMs, tombstoneMaxMs } = settings;
  if (suspectAfterMs < 2 * heartbeatMs) {
    throw invalid('sync.suspect_after: must be at least twice sync.heartbeat_interval, or one lost sign is silence');
  }
  if (deadAfterMs < suspectAfterMs) throw invalid('sync.dead_after: must not be below sync.suspect_after');
  if (tombstoneMaxMs < tombstoneMinMs) throw invalid('sync.tombstone_max: must not be below sync.tombstone_min');
}
