import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { defaults, formatDuration, limits } from '../../model/index.js';
import type { Layer } from './merge.js';

/** Every default as a configuration of its own, so that a printed configuration shows them beside what was set. */
export function defaultLayer(dev: boolean, environment: NodeJS.ProcessEnv): Layer {
  return {
    source: 'default',
    config: {
      datacenter: defaults.datacenter,
      node_name: hostname(),
      ...(dev ? {} : { data_dir: defaultDataDir(environment) }),
      log_level: 'info',
      log_json: false,
      client_addr: '127.0.0.1',
      ports: {
        http: defaults.httpPort,
        https: -1,
        dns: defaults.dnsPort,
        dns_tls: -1,
        dns_https: -1,
        serf_lan: dev ? -1 : defaults.peerPort,
      },
      domain: defaults.domain,
      dns_config: {
        node_ttl: '0s',
        only_passing: false,
        enable_truncate: false,
        udp_answer_limit: defaults.udpAnswerLimit,
        a_record_limit: 0,
        disable_compression: false,
        enable_additional_node_meta_txt: true,
        recursor_strategy: 'sequential',
        recursor_timeout: formatDuration(defaults.recursorTimeoutMs),
        soa: { refresh: 3600, retry: 600, expire: 86_400, min_ttl: 0 },
        rate_limit: { responses_per_second: 0 },
        cookies: true,
      },
      limits: {
        http_max_conns_per_client: limits.httpConnectionsPerClient,
        http_max_conns: limits.httpConnections,
        kv_max_value_size: limits.kvValueBytes,
        txn_max_req_len: limits.txnBytes,
        request_limits: { mode: 'disabled', read_rate: -1, write_rate: -1 },
      },
      enable_script_checks: false,
      enable_local_script_checks: false,
      check_update_interval: formatDuration(defaults.checkUpdateIntervalMs),
      check_output_max_size: limits.checkOutputBytes,
      discard_check_output: false,
      session_ttl_min: formatDuration(defaults.sessionTtlMinMs),
      check_config: { min_deregister_after: formatDuration(defaults.minDeregisterAfterMs), damping: false },
      reconnect_timeout: formatDuration(defaults.sync.reconnectTimeoutMs),
      rejoin_after_leave: false,
      leave_on_terminate: false,
      skip_leave_on_interrupt: true,
      sync: syncDefaults,
      telemetry: { prometheus_retention_time: '0s' },
    },
  };
}

const { sync } = defaults;
const syncDefaults: Layer['config']['sync'] = {
  flush: formatDuration(sync.flushMs),
  flush_bytes: sync.flushBytes,
  digest_interval: formatDuration(sync.digestMs),
  remote_flush: formatDuration(sync.remoteFlushMs),
  remote_digest_interval: formatDuration(sync.remoteDigestMs),
  heartbeat_interval: formatDuration(sync.heartbeatMs),
  suspect_after: formatDuration(sync.suspectAfterMs),
  dead_after: formatDuration(sync.deadAfterMs),
  hard_dead_after: formatDuration(sync.hardDeadAfterMs),
  monitors: sync.monitors,
  min_nodes: sync.minNodes,
  loss_share: sync.lossShare,
  loss_window: formatDuration(sync.lossWindowMs),
  tombstone_min: formatDuration(sync.tombstoneMinMs),
  tombstone_max: formatDuration(sync.tombstoneMaxMs),
  compression: sync.compression,
  queue_bytes: sync.queueBytes,
  bulk_bytes_per_second: sync.bulkBytesPerSecond,
};

/** Where a service of the system keeps its state; for an ordinary user, below the home directory (XDG base directories). */
function defaultDataDir(environment: NodeJS.ProcessEnv): string {
  if (process.getuid?.() === 0) return '/var/lib/datapunk';
  const state = environment['XDG_STATE_HOME'] ?? '';
  return join(state === '' ? join(homedir(), '.local', 'state') : state, 'datapunk');
}
