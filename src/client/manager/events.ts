import type { ServiceDiscoveryError, ServiceEndpoint, ServiceQuery } from '../../model/index.js';
import type { CacheMetrics, OperationMetrics } from './manager-metrics.js';

/**
 * What a manager tells of. The first three, watch handlers of the registration standard, are told of the present state
 * first, when there is any, then of every change.
 */
export interface ManagerEvents {
  /** Key-values under a prefix, or configuration entries of a kind, changed. */
  config_update: ConfigUpdate;
  /** Endpoints of a service came, went, or changed their weight, address, health or metadata. */
  load_balancer_update: LoadBalancerUpdate;
  /** The health of an endpoint changed, or the interval of snapshots passed. */
  metrics_update: MetricsUpdate;
  /** A registration is not known to the registry any more; it is being put back. */
  lost: RegistrationEvent;
  restored: RegistrationEvent;
  /** Somebody else holds the id of one of our registrations. */
  conflict: ServiceDiscoveryError;
  /** Background work failed: a watch, a heartbeat, a listener. It goes on by itself; nothing happens without a listener. */
  error: ServiceDiscoveryError;
}

export interface RegistrationEvent {
  readonly id: string;
  readonly service: string;
}

export interface ConfigUpdate {
  readonly source: 'kv' | 'config';
  /** The prefix, or the kind of configuration entry. */
  readonly scope: string;
  readonly index: number;
  /** Everything under the scope now, by key or name. */
  readonly entries: ReadonlyMap<string, ConfigValue>;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

export interface ConfigValue {
  /** The key's value as UTF-8 text, or the configuration entry as JSON. */
  readonly text: string;
  /** The key's bytes; those of `text` for a configuration entry. */
  readonly bytes: Uint8Array;
  readonly modifyIndex: number;
}

export interface LoadBalancerUpdate {
  readonly service: string;
  /** The watched query whose answer changed. */
  readonly query: ServiceQuery;
  readonly endpoints: readonly ServiceEndpoint[];
  readonly added: readonly ServiceEndpoint[];
  readonly removed: readonly ServiceEndpoint[];
  readonly changed: readonly { readonly before: ServiceEndpoint; readonly after: ServiceEndpoint }[];
  readonly index: number;
  /** Nobody confirms the endpoints at the moment; only what a new listener is told first may be so. */
  readonly stale: boolean;
}

export interface MetricsUpdate {
  readonly reason: 'health' | 'interval';
  readonly metrics: ManagerSnapshot;
  /** With reason `health`: what changed. */
  readonly transitions: readonly HealthTransition[];
}

export interface HealthTransition {
  readonly service: string;
  readonly endpoint: ServiceEndpoint;
  /** Absent for an endpoint that came. */
  readonly before?: ServiceEndpoint['status'];
  /** Absent for an endpoint that went. */
  readonly after?: ServiceEndpoint['status'];
}

/** All that a manager counts, as plain data. */
export interface ManagerSnapshot {
  readonly at: Date;
  /** Of every service that is watched at the moment. */
  readonly health: readonly ServiceHealth[];
  readonly latency: readonly OperationMetrics[];
  readonly cache: readonly CacheMetrics[];
  readonly watches: number;
  readonly registrations: number;
}

/** As the widest watched query shows it: where only passing instances are asked for (`pick` does), there are no others. */
export interface ServiceHealth {
  readonly service: string;
  /** Absent: the one of whoever is asked. */
  readonly datacenter?: string;
  readonly endpoints: number;
  readonly healthy: number;
  readonly stale: boolean;
  readonly instances: readonly { readonly id: string; readonly datacenter: string; readonly healthy: boolean }[];
}
