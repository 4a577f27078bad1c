import { isIP } from 'node:net';
import { join, resolve as absolute } from 'node:path';
import { defaults, invalid, parseRegistrationPolicy } from '../../model/index.js';
import type { AgentConfig, CheckConfig, DnsConfig, HttpConfig, LogLevel, TlsFiles } from './agent-config.js';
import type { Definitions } from './definitions.js';
import { isLoopback, isWildcard, listenAddresses, machineAddress, splitHosts, type ListenAddress } from './listen.js';
import type { Merged } from './merge.js';
import { peersOf } from './peers.js';
import { ms, number, text } from './raw-values.js';
import type { RawConfig } from './schema/index.js';

/**
 * A merged configuration, defaults included, as what an agent is made from. Everything here was checked for its shape
 * before; what is left to refuse is what no single key can tell.
 */
export function resolveConfig({ config: raw, sources }: Merged, definitions: Definitions, dev: boolean): AgentConfig {
  const listen = listenOf(raw);
  const advertised = advertiseAddress(raw, listen.http);
  const datacenter = text(raw.datacenter);
  if (raw.primary_datacenter !== undefined && raw.primary_datacenter !== datacenter) {
    throw invalid(
      `primary_datacenter: "${raw.primary_datacenter}" is not this datacenter ("${datacenter}"): none is primary for another`,
    );
  }
  const dataDir = dev || raw.data_dir === undefined ? undefined : absolute(raw.data_dir);
  return {
    dev,
    datacenter,
    nodeName: text(raw.node_name),
    nodeId: raw.node_id?.toLowerCase(),
    nodeMeta: raw.node_meta ?? {},
    advertiseAddress: advertised,
    dataDir,
    pidFile: raw.pid_file,
    log: { level: text(raw.log_level).toLowerCase() as LogLevel, json: raw.log_json === true },
    listen,
    peers: peersOf(raw, listen.http, advertised, dev, (path) => (sources.get(path) ?? 'default') !== 'default'),
    tls: tlsOf(raw, listen),
    dns: dnsOf(raw),
    http: httpOf(raw),
    checks: checksOf(raw),
    sessionTtlMinMs: ms(raw.session_ttl_min),
    snapshots: snapshotsOf(raw, dataDir),
    services: definitions.services,
    nodeChecks: definitions.checks,
    registrationPolicy:
      raw.registration_policy === undefined ? undefined : parseRegistrationPolicy(raw.registration_policy),
    prometheusRetentionMs: ms(raw.telemetry?.prometheus_retention_time),
  };
}

function listenOf(raw: RawConfig): AgentConfig['listen'] {
  const at = (name: 'http' | 'https' | 'dns' | 'dns_tls' | 'dns_https'): ListenAddress[] =>
    listenAddresses(raw.addresses?.[name] ?? text(raw.client_addr), raw.ports?.[name] ?? -1);
  const mode = raw.unix_sockets?.mode;
  return {
    http: at('http'),
    https: at('https'),
    dns: at('dns'),
    dnsTls: at('dns_tls'),
    dnsHttps: at('dns_https'),
    socketMode: mode === undefined ? undefined : Number.parseInt(mode, 8),
  };
}

/**
 * What others reach this node under. While HTTP is on loopback only, so are those who can ask; an address of the
 * machine is advertised once somebody outside can.
 */
function advertiseAddress(raw: RawConfig, http: readonly ListenAddress[]): string {
  const given = raw.advertise_addr ?? raw.bind_addr;
  const hosts = given === undefined ? [] : splitHosts(given);
  if (raw.advertise_addr !== undefined && (hosts.length !== 1 || isIP(hosts[0] as string) === 0)) {
    throw invalid(`advertise_addr: "${raw.advertise_addr}" is not an IP address`);
  }
  const concrete = hosts.find((host) => isIP(host) !== 0 && !isWildcard(host));
  if (concrete !== undefined) return concrete;
  if (hosts.length === 0 && http.every(isLoopback)) {
    const host = http.find((address) => address.type === 'tcp')?.host;
    return host !== undefined && isIP(host) !== 0 ? host : '127.0.0.1';
  }
  return machineAddress();
}

function tlsOf(raw: RawConfig, listen: AgentConfig['listen']): TlsFiles | undefined {
  const merged = { ...raw.tls?.defaults, ...raw.tls?.https };
  const { cert_file: certFile, key_file: keyFile } = merged;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw invalid('tls: cert_file and key_file must be given together');
  }
  if (certFile === undefined || keyFile === undefined) {
    const needing = { https: listen.https, dns_tls: listen.dnsTls, dns_https: listen.dnsHttps };
    const [wanting] = Object.entries(needing).flatMap(([port, at]) => (at.length > 0 ? [`ports.${port}`] : []));
    if (wanting !== undefined) throw invalid(`${wanting}: needs tls.defaults.cert_file and tls.defaults.key_file`);
    return undefined;
  }
  return { certFile, keyFile, minVersion: merged.tls_min_version === 'TLSv1_3' ? 'TLSv1.3' : 'TLSv1.2' };
}

function dnsOf(raw: RawConfig): DnsConfig {
  const dns = raw.dns_config ?? {};
  return {
    domain: text(raw.domain),
    altDomain: raw.alt_domain ?? '',
    recursors: raw.recursors ?? [],
    nodeTtlMs: ms(dns.node_ttl),
    serviceTtlMs: new Map(Object.entries(dns.service_ttl ?? {}).map(([name, ttl]) => [name, ms(ttl)])),
    onlyPassing: dns.only_passing === true,
    enableTruncate: dns.enable_truncate === true,
    udpAnswerLimit: number(dns.udp_answer_limit),
    aRecordLimit: number(dns.a_record_limit),
    disableCompression: dns.disable_compression === true,
    nodeMetaTxt: dns.enable_additional_node_meta_txt === true,
    recursorStrategy: dns.recursor_strategy ?? 'sequential',
    recursorTimeoutMs: ms(dns.recursor_timeout),
    soa: {
      refresh: number(dns.soa?.refresh),
      retry: number(dns.soa?.retry),
      expire: number(dns.soa?.expire),
      minTtl: number(dns.soa?.min_ttl),
    },
    records: dns.records ?? [],
    responsesPerSecond: number(dns.rate_limit?.responses_per_second),
    cookies: dns.cookies === true,
  };
}

function httpOf(raw: RawConfig): HttpConfig {
  const limits = raw.limits ?? {};
  return {
    responseHeaders: raw.http_config?.response_headers ?? {},
    allowedHosts: raw.http_config?.allowed_hosts ?? [],
    maxConnections: number(limits.http_max_conns),
    maxConnectionsPerClient: number(limits.http_max_conns_per_client),
    kvValueBytes: number(limits.kv_max_value_size),
    txnBytes: number(limits.txn_max_req_len),
    requestLimits: {
      mode: limits.request_limits?.mode ?? 'disabled',
      readRate: limits.request_limits?.read_rate ?? -1,
      writeRate: limits.request_limits?.write_rate ?? -1,
    },
  };
}

function checksOf(raw: RawConfig): CheckConfig {
  const enableScripts = raw.enable_script_checks === true;
  return {
    enableScripts,
    enableLocalScripts: enableScripts || raw.enable_local_script_checks === true,
    updateIntervalMs: ms(raw.check_update_interval),
    outputMaxBytes: number(raw.check_output_max_size),
    discardOutput: raw.discard_check_output === true,
    minDeregisterAfterMs: ms(raw.check_config?.min_deregister_after),
    allowedNetworks: raw.check_config?.allowed_networks ?? [],
    damping: raw.check_config?.damping === true,
  };
}

function snapshotsOf(raw: RawConfig, dataDir: string | undefined): AgentConfig['snapshots'] {
  const { interval, retain, directory } = raw.snapshots ?? {};
  if (interval === undefined) return undefined;
  const target = directory ?? (dataDir === undefined ? undefined : join(dataDir, 'snapshots'));
  if (target === undefined) throw invalid('snapshots.directory: must be given with --dev, which has no data dir');
  return { intervalMs: ms(interval), retain: retain ?? defaults.snapshotRetain, directory: absolute(target) };
}
