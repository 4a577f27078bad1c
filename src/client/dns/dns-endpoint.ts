import type { EndpointSet, ServiceDiscoveryError, ServiceEndpoint } from '../../model/index.js';

/**
 * An endpoint out of DNS. `id` is made of what identifies it there: the instance's own id where its TXT tells it, else
 * target, port and, for a target of several addresses, the address. `healthy` is true, since DNS lists who is, unless
 * health tracking says otherwise; `lastCheck` is when health tracking last looked.
 */
export interface DnsServiceEndpoint extends ServiceEndpoint {
  /** The name that led to `address`, without the last dot. */
  readonly target: string;
  /** `address`, then the target's address of the other family when it has one of each (RFC 8305 order). */
  readonly addresses: readonly string[];
  /** Of SRV or SVCB; lower is to be preferred. 0 where there was neither. */
  readonly priority: number;
  /** Protocols that an SVCB or HTTPS record names; empty otherwise. */
  readonly alpn: readonly string[];
}

/** A target whose addresses could not be had, so that its endpoints are missing, or a name whose metadata could not. */
export interface UnresolvedTarget {
  readonly target: string;
  readonly error: ServiceDiscoveryError;
}

/** Endpoints of a service at one moment, in RFC 2782's order: by priority, then drawn by weight. */
export interface DnsEndpointSet extends EndpointSet {
  readonly endpoints: readonly DnsServiceEndpoint[];
  /** Why there are none: the name is unknown, or has no such record. `records` when there are records. */
  readonly outcome: 'records' | 'nodata' | 'nxdomain';
  /** How long all of it may still be believed, ms: the least TTL left of the answers it was made of, 0 when stale. */
  readonly ttlMs: number;
  readonly unresolved: readonly UnresolvedTarget[];
}
