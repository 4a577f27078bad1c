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
      ports: { http: defaults.httpPort, https: -1, dns: defaults.dnsPort, dns_tls: -1, dns_https: -1 },
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
      telemetry: { prometheus_retention_time: '0s' },
    },
  };
}

/** Where a service of the system keeps its state; for an ordinary user, below the home directory (XDG base directories). */
function defaultDataDir(environment: NodeJS.ProcessEnv): string {
  if (process.getuid?.() === 0) return '/var/lib/datapunk';
  const state = environment['XDG_STATE_HOME'] ?? '';
  return join(state === '' ? join(homedir(), '.local', 'state') : state, 'datapunk');
}
