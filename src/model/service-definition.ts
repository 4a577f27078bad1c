import { randomUUID } from 'node:crypto';
import { defaults } from './defaults.js';
import { HealthCheckDefinition } from './health-check-definition.js';
import type { ServiceRegistration } from './wire/index.js';

/**
 * The registration standard's service: five required fields (name, version, type, environment, instance id), four
 * optional ones (region, zone, deployment id, capabilities), and the form a Consul-compatible agent takes them in.
 * Version, type, environment and the optional fields travel as metadata, so that any Consul client can filter on them.
 */
export interface ServiceDefinitionOptions {
  readonly name: string;
  readonly version: string;
  readonly type: string;
  readonly environment: string;
  /** Default: a fresh UUID for every object. Give one to make registering again idempotent. */
  readonly instanceId?: string;
  readonly port: number;
  /** Default '': the address of the agent's node. */
  readonly address?: string;
  readonly tags?: readonly string[];
  /** Wins over the fields above when it names the same key. */
  readonly meta?: Readonly<Record<string, string>>;
  readonly region?: string;
  readonly zone?: string;
  readonly deploymentId?: string;
  readonly capabilities?: readonly string[];
  /** Default: the standard's, http on /health at the service's own address. An empty list: none. */
  readonly checks?: readonly HealthCheckDefinition[];
}

export class ServiceDefinition {
  readonly name: string;
  readonly version: string;
  readonly type: string;
  readonly environment: string;
  readonly instanceId: string;
  readonly port: number;
  readonly address: string;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, string>>;
  readonly region: string | undefined;
  readonly zone: string | undefined;
  readonly deploymentId: string | undefined;
  readonly capabilities: readonly string[];
  readonly checks: readonly HealthCheckDefinition[];

  constructor(options: ServiceDefinitionOptions) {
    this.name = options.name;
    this.version = options.version;
    this.type = options.type;
    this.environment = options.environment;
    // Evaluated per object: a default shared by all instances would make them replace one another.
    this.instanceId = options.instanceId ?? randomUUID();
    this.port = options.port;
    this.address = options.address ?? '';
    this.tags = options.tags ?? [];
    this.meta = options.meta ?? {};
    this.region = options.region;
    this.zone = options.zone;
    this.deploymentId = options.deploymentId;
    this.capabilities = options.capabilities ?? [];
    this.checks = options.checks ?? [standardCheck(this.address, this.port)];
  }

  /** The instance's id on its agent. */
  get id(): string {
    return `${this.name}-${this.instanceId}`;
  }

  /** The body of PUT agent/service/register. One check travels as `Check`, several as `Checks`. */
  toConsulService(): ServiceRegistration {
    const checks = this.checks.map((check) => check.toConsulCheck());
    const { region, zone } = this;
    return {
      Name: this.name,
      ID: this.id,
      Address: this.address,
      Port: this.port,
      Tags: [...this.tags],
      Meta: this.#metadata(),
      ...(region === undefined && zone === undefined
        ? {}
        : {
            Locality: {
              ...(region === undefined ? {} : { Region: region }),
              ...(zone === undefined ? {} : { Zone: zone }),
            },
          }),
      ...(checks.length === 1 ? { Check: checks[0] } : {}),
      ...(checks.length > 1 ? { Checks: checks } : {}),
    };
  }

  #metadata(): Record<string, string> {
    return {
      version: this.version,
      type: this.type,
      environment: this.environment,
      ...(this.region === undefined ? {} : { region: this.region }),
      ...(this.zone === undefined ? {} : { zone: this.zone }),
      ...(this.deploymentId === undefined ? {} : { deployment_id: this.deploymentId }),
      ...(this.capabilities.length === 0 ? {} : { capabilities: this.capabilities.join(',') }),
      ...this.meta,
    };
  }
}

function standardCheck(address: string, port: number): HealthCheckDefinition {
  const host = address === '' ? 'localhost' : address.includes(':') ? `[${address}]` : address;
  return new HealthCheckDefinition({ type: 'http', target: `http://${host}:${port}${defaults.standardCheckPath}` });
}
