import type { Metric } from '../api/index.js';
import type { DnsServer } from '../dns/index.js';
import type { Cluster } from '../model/index.js';
import type { Registry } from '../registry/index.js';
import { syncMetrics } from './sync-metrics.js';

/** The rooms' plain counters under the names Prometheus asks for; read only when somebody scrapes. */
export function* agentMetrics(registry: Registry, dns: DnsServer, cluster: Cluster): Generator<Metric> {
  yield* checkMetrics(registry);
  yield* dnsMetrics(dns);
  yield* syncMetrics(cluster);
  yield gauge('discovery_index', 'Largest index applied to the catalog.', registry.catalog.index);
}

function* checkMetrics(registry: Registry): Generator<Metric> {
  const checks = registry.checkMetrics();
  yield gauge('discovery_checks', 'Checks this agent runs.', checks.checks);
  yield gauge('discovery_checks_in_flight', 'Check runs under way.', checks.inFlight);
  yield gauge('discovery_checks_queued', 'Check runs that are due and wait for the limits.', checks.queued);
  yield counter('discovery_check_runs_total', 'Check runs that ended.', checks.finished);
  yield counter('discovery_check_timeouts_total', 'Check runs ended by their timeout.', checks.timedOut);
  yield counter('discovery_check_late_total', 'Check runs that began more than an interval late.', checks.late);
  yield counter('discovery_check_stuck_total', 'Check runs given up after their runner ignored its end.', checks.stuck);
  yield counter('discovery_check_start_delay_seconds_total', 'Time between due and start.', checks.startDelayMs / 1000);
  yield counter('discovery_check_duration_seconds_total', 'Time spent in check runs.', checks.durationMs / 1000);
  yield counter('discovery_event_loop_lag_seconds_total', 'Time the event loop was stalled.', checks.lagMs / 1000);
}

function* dnsMetrics({ stats }: DnsServer): Generator<Metric> {
  for (const [type, count] of stats.byType()) {
    yield { ...counter('discovery_dns_questions_total', 'DNS questions by type.', count), labels: { type } };
  }
  for (const [rcode, count] of stats.byRcode()) {
    yield { ...counter('discovery_dns_answers_total', 'DNS answers by code.', count), labels: { rcode } };
  }
  for (const [transport, count] of Object.entries(stats.transports)) {
    yield { ...counter('discovery_dns_messages_total', 'DNS messages by transport.', count), labels: { transport } };
  }
  yield counter('discovery_dns_prepared_total', 'DNS answers sent from bytes kept ready.', stats.prepared);
  yield counter('discovery_dns_truncated_total', 'DNS answers cut, with the TC bit.', stats.truncated);
  yield counter('discovery_dns_cut_silently_total', 'DNS answers cut, without the TC bit.', stats.cutSilently);
  yield counter('discovery_dns_malformed_total', 'DNS messages that are none.', stats.malformed);
  yield counter('discovery_dns_ignored_total', 'DNS messages that got no answer.', stats.ignored);
  yield counter('discovery_dns_rate_limited_total', 'DNS answers held back by the rate limit.', stats.rateDropped);
  yield counter('discovery_dns_rate_slipped_total', 'DNS answers cut short by the rate limit.', stats.rateSlipped);
  yield counter('discovery_dns_send_errors_total', 'DNS answers that could not be sent.', stats.sendErrors);
  yield counter('discovery_dns_internal_errors_total', 'DNS questions that failed here.', stats.internalErrors);
  yield gauge('discovery_dns_connections', 'DNS connections over TCP and TLS.', stats.connectionsOpen);
  yield counter('discovery_dns_connections_refused_total', 'DNS connections refused.', stats.connectionsRefused);
  yield counter('discovery_dns_recursions_total', 'Questions passed on to recursors.', stats.recursions);
  yield counter('discovery_dns_recursions_failed_total', 'Questions no recursor answered.', stats.recursionsFailed);
  yield counter(
    'discovery_dns_recursions_refused_total',
    'Questions not passed on: too many.',
    stats.recursionsRefused,
  );
}

function counter(name: string, help: string, value: number): Metric {
  return { name, help, type: 'counter', value };
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, help, type: 'gauge', value };
}
