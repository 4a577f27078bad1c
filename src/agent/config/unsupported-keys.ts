/**
 * Keys of Consul's configuration that this agent knows but does nothing with. Most are a warning: the agent runs
 * without them. A key whose value asks for *protection* is an error, because an agent that starts without the
 * protection asked for is more open than its owner believes.
 */
export interface UnsupportedKey {
  /** Whether this value asks for protection that we would not give. */
  readonly asksProtection: (value: unknown) => boolean;
  /** What to do instead; '' when there is nothing to say beyond "not supported". */
  readonly advice: string;
  /** Told as a warning when present. Not so for a protection that is not asked for: that is how things are. */
  readonly warns: boolean;
}

const never = (): boolean => false;
const isTrue = (value: unknown): boolean => value === true || value === 'true';
const isDeny = (value: unknown): boolean => typeof value === 'string' && value.toLowerCase() === 'deny';
const isSet = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== '' && value !== null && value !== false;

const ignored: UnsupportedKey = { asksProtection: never, advice: '', warns: true };
const replacedBy = (key: string): UnsupportedKey => ({ asksProtection: never, advice: `use ${key}`, warns: true });
const protection = (asksProtection: (value: unknown) => boolean): UnsupportedKey => ({
  asksProtection,
  advice: 'remove it if the agent may run without this protection',
  warns: false,
});

const IGNORED = `
  acl.down_policy acl.enable_key_list_policy acl.enable_token_persistence acl.enable_token_replication acl.msp_disable_bootstrap
  acl.policy_ttl acl.role_ttl acl.token_ttl acl.tokens acl_agent_master_token acl_agent_token acl_datacenter acl_down_policy
  acl_enable_key_list_policy acl_master_token acl_replication_token acl_token acl_ttl addresses.grpc addresses.grpc_tls
  advertise_addr_ipv4 advertise_addr_ipv6 advertise_addr_wan advertise_addr_wan_ipv4 advertise_addr_wan_ipv6
  advertise_reconnect_timeout auto_config.authorization auto_config.dns_sans auto_config.intro_token auto_config.intro_token_file
  auto_config.ip_sans auto_config.server_addresses auto_encrypt.dns_san auto_encrypt.ip_san autopilot bootstrap bootstrap_expect
  cache cloud config_entries connect default_query_time disable_anonymous_signature disable_coordinates disable_host_node_id
  disable_http_unprintable_char_filter disable_keyring_file disable_remote_exec disable_update_check discovery_max_stale
  dns_config.cache_max_age dns_config.prefer_namespace dns_config.use_cache enable_acl_replication enable_agent_tls_for_checks
  enable_central_service_config enable_debug enable_syslog encrypt_verify_incoming encrypt_verify_outgoing experiments gossip_lan
  gossip_wan http_config.use_cache http_config.max_header_bytes license_path limits.http_max_header_bytes
  limits.https_handshake_timeout limits.rpc_client_timeout limits.rpc_handshake_timeout limits.rpc_max_burst
  limits.rpc_max_conns_per_client limits.rpc_rate limits.request_limits.default_read_rate locality log_file log_rotate_bytes
  log_rotate_duration log_rotate_max_files max_query_time partition peering performance ports.expose_max_port ports.expose_min_port ports.grpc
  ports.grpc_tls ports.serf_wan ports.server ports.sidecar_max_port ports.sidecar_min_port primary_gateways
  primary_gateways_interval protocol raft_boltdb raft_logstore raft_protocol raft_snapshot_interval raft_snapshot_threshold
  raft_trailing_logs read_replica reconnect_timeout_wan reporting retry_interval
  retry_interval_wan retry_max retry_max_wan rpc segment segments serf_lan serf_wan
  server server_name server_rejoin_age_max syslog_facility telemetry.circonus_api_app
  telemetry.circonus_api_token telemetry.circonus_api_url telemetry.circonus_broker_id telemetry.circonus_broker_select_tag
  telemetry.circonus_check_display_name telemetry.circonus_check_force_metric_activation telemetry.circonus_check_id
  telemetry.circonus_check_instance_id telemetry.circonus_check_search_tag telemetry.circonus_check_tags
  telemetry.circonus_submission_interval telemetry.circonus_submission_url telemetry.disable_compat_1.9 telemetry.disable_hostname
  telemetry.disable_per_tenancy_usage_metrics telemetry.dogstatsd_addr telemetry.dogstatsd_tags telemetry.enable_host_metrics
  telemetry.filter_default telemetry.metrics_prefix telemetry.prefix_filter telemetry.retry_failed_connection
  telemetry.statsd_address telemetry.statsite_address tls.grpc.ca_file tls.grpc.ca_path tls.grpc.cert_file tls.grpc.key_file
  tls.grpc.tls_cipher_suites tls.grpc.tls_min_version tls.grpc.use_auto_cert tls.internal_rpc.ca_file tls.internal_rpc.ca_path
  tls.internal_rpc.cert_file tls.internal_rpc.key_file tls.internal_rpc.tls_cipher_suites tls.internal_rpc.tls_min_version
  tls.defaults.ca_file tls.defaults.ca_path tls.https.ca_file tls.https.ca_path tls_prefer_server_cipher_suites
  translate_wan_addrs ui ui_config ui_content_path ui_dir unix_sockets.group unix_sockets.user use_streaming_backend version
  watches xds ca_file ca_path`;

const PROTECTION: Readonly<Record<string, (value: unknown) => boolean>> = {
  'acl.enabled': isTrue,
  'acl.default_policy': isDeny,
  acl_default_policy: isDeny,
  'audit.enabled': isTrue,
  'auto_config.enabled': isTrue,
  'auto_encrypt.allow_tls': isTrue,
  'auto_encrypt.tls': isTrue,
  default_intention_policy: isDeny,
  'http_config.allow_write_http_from': isSet,
  'http_config.block_endpoints': isSet,
  serf_lan_allowed_cidrs: isSet,
  serf_wan_allowed_cidrs: isSet,
  'tls.defaults.tls_cipher_suites': isSet,
  'tls.https.tls_cipher_suites': isSet,
  tls_cipher_suites: isSet,
  verify_incoming: isTrue,
  verify_incoming_https: isTrue,
  verify_incoming_rpc: isTrue,
  verify_outgoing: isTrue,
  verify_server_hostname: isTrue,
};
const TLS_SECTIONS = ['defaults', 'https', 'grpc', 'internal_rpc'];
const TLS_PROTECTION = ['verify_incoming', 'verify_outgoing', 'verify_server_hostname'];

const table: ReadonlyMap<string, UnsupportedKey> = new Map<string, UnsupportedKey>([
  ...IGNORED.trim()
    .split(/\s+/)
    .map((key) => [key, ignored] as const),
  ...Object.entries(PROTECTION).map(([key, asks]) => [key, protection(asks)] as const),
  ...TLS_SECTIONS.flatMap((section) =>
    TLS_PROTECTION.map((key) => [`tls.${section}.${key}`, protection(isTrue)] as const),
  ),
  ['cert_file', replacedBy('tls.defaults.cert_file')],
  ['key_file', replacedBy('tls.defaults.key_file')],
  ['tls_min_version', { asksProtection: isSet, advice: 'use tls.defaults.tls_min_version', warns: false }],
]);

/** The key at a dotted path, if it is Consul's and we do not support it. */
export function unsupportedKey(path: string): UnsupportedKey | undefined {
  return table.get(path);
}

/** Whether unsupported keys are listed below this path, so that its object is to be looked into. */
export function hasUnsupportedBelow(path: string): boolean {
  return sections.has(path);
}

/** Names that may stand directly below a dotted path ('' = the top), for naming the nearest one. */
export function unsupportedNamesBelow(path: string): readonly string[] {
  const prefix = path === '' ? '' : `${path}.`;
  const names = [...table.keys()].filter((key) => key.startsWith(prefix));
  return [...new Set(names.map((key) => key.slice(prefix.length).split('.')[0] as string))];
}

const sections: ReadonlySet<string> = new Set(
  [...table.keys()].flatMap((key) => {
    const parts = key.split('.');
    return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join('.'));
  }),
);
