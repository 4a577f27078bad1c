import { defaults } from './defaults.js';
import type { CheckRegistration } from './wire/index.js';

/**
 * The registration standard's health check, and its form on the wire (docs/contract.md section 4). The standard names
 * http, tcp, script and grpc; ttl, udp and alias are ours.
 */
export const HealthCheckType = {
  HTTP: 'http',
  TCP: 'tcp',
  UDP: 'udp',
  GRPC: 'grpc',
  SCRIPT: 'script',
  TTL: 'ttl',
  ALIAS: 'alias',
} as const;
export type HealthCheckType = (typeof HealthCheckType)[keyof typeof HealthCheckType];

export interface HealthCheckOptions {
  readonly type: HealthCheckType;
  /**
   * http: URL · tcp, udp: host:port · grpc: host:port/service · alias: service id · ttl: unused.
   * script: the program alone, or the whole argument vector; it runs without a shell, so a string is never split.
   */
  readonly target?: string | readonly string[];
  /** Go duration. Default 30s. For ttl the time a report lasts. */
  readonly interval?: string;
  /** Go duration. Default 10s. */
  readonly timeout?: string;
  /** Go duration, '0' = never. Default 1m. */
  readonly deregisterAfter?: string;
  /** Default: given by the agent (`service:<id>`). */
  readonly id?: string;
  readonly name?: string;
  readonly notes?: string;
  /** Default critical. */
  readonly status?: 'passing' | 'warning' | 'critical';
}

export class HealthCheckDefinition {
  readonly type: HealthCheckType;
  readonly target: string | readonly string[];
  readonly interval: string;
  readonly timeout: string;
  readonly deregisterAfter: string;
  readonly #described: CheckRegistration;

  constructor(options: HealthCheckOptions) {
    this.type = options.type;
    this.target = options.target ?? '';
    this.interval = options.interval ?? defaults.standardCheckInterval;
    this.timeout = options.timeout ?? defaults.standardCheckTimeout;
    this.deregisterAfter = options.deregisterAfter ?? defaults.standardDeregisterAfter;
    this.#described = {
      ...(options.id === undefined ? {} : { CheckID: options.id }),
      ...(options.name === undefined ? {} : { Name: options.name }),
      ...(options.notes === undefined ? {} : { Notes: options.notes }),
      ...(options.status === undefined ? {} : { Status: options.status }),
    };
  }

  /** `Check` of a service registration. Registered alone over HTTP, a check's `CheckID` is called `ID`. */
  toConsulCheck(): CheckRegistration {
    return {
      ...this.#described,
      ...this.#probe(),
      DeregisterCriticalServiceAfter: this.deregisterAfter,
    };
  }

  #probe(): CheckRegistration {
    const timing = { Interval: this.interval, Timeout: this.timeout };
    const target = typeof this.target === 'string' ? this.target : this.target.join(' ');
    switch (this.type) {
      case 'http':
        return { HTTP: target, ...timing };
      case 'tcp':
        return { TCP: target, ...timing };
      case 'udp':
        return { UDP: target, ...timing };
      case 'grpc':
        return { GRPC: target, ...timing };
      case 'script':
        return { Args: typeof this.target === 'string' ? [this.target] : [...this.target], ...timing };
      case 'ttl':
        return { TTL: this.interval };
      default:
        return { AliasService: target };
    }
  }
}
