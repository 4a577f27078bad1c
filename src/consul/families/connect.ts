import type { Json } from '../../model/index.js';
import type { ConsulAnswer } from '../answer.js';
import { path } from '../transport/path.js';
import type { Calls } from './calls.js';
import type { ConsulCallOptions, ConsulReadOptions } from './options.js';

export interface ConsulCaRoot {
  readonly ID: string;
  readonly Name: string;
  readonly SerialNumber: number;
  readonly SigningKeyID: string;
  readonly NotBefore: string;
  readonly NotAfter: string;
  /** PEM. */
  readonly RootCert: string;
  readonly IntermediateCerts: readonly string[] | null;
  readonly Active: boolean;
  readonly [field: string]: Json | undefined;
}

export interface ConsulCaRoots {
  readonly ActiveRootID: string;
  readonly TrustDomain: string;
  readonly Roots: readonly ConsulCaRoot[];
}

export interface ConsulLeafCertificate {
  readonly SerialNumber: string;
  /** PEM. */
  readonly CertPEM: string;
  /** PEM. Not to be logged. */
  readonly PrivateKeyPEM: string;
  readonly Service: string;
  readonly ServiceURI: string;
  readonly ValidAfter: string;
  readonly ValidBefore: string;
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
}

export interface ConsulCaConfiguration {
  readonly Provider: string;
  readonly Config: { readonly [key: string]: Json };
  readonly [field: string]: Json | undefined;
}

/** connect/ca/… and agent/connect/…: certificates of the mesh. */
export class ConnectCalls {
  constructor(private readonly calls: Calls) {}

  /** Whom to trust, as the servers say. */
  roots(options: ConsulReadOptions = {}): Promise<ConsulAnswer<ConsulCaRoots>> {
    return this.calls.object('/v1/connect/ca/roots', options);
  }

  configuration(options: ConsulReadOptions = {}): Promise<ConsulAnswer<ConsulCaConfiguration>> {
    return this.calls.object('/v1/connect/ca/configuration', options);
  }

  configure(configuration: ConsulCaConfiguration, options: ConsulCallOptions = {}): Promise<void> {
    return this.calls.send('PUT', '/v1/connect/ca/configuration', options, { body: configuration });
  }

  /** The same roots from the agent's cache. */
  agentRoots(options: ConsulReadOptions = {}): Promise<ConsulAnswer<ConsulCaRoots>> {
    return this.calls.object('/v1/agent/connect/ca/roots', options);
  }

  /** The certificate of a service, renewed before it ends: wait for the next with its index. */
  leaf(service: string, options: ConsulReadOptions = {}): Promise<ConsulAnswer<ConsulLeafCertificate>> {
    return this.calls.object(path`/v1/agent/connect/ca/leaf/${{ service }}`, options);
  }

  /** Whether the bearer of a certificate may connect to a service. */
  authorize(
    request: { readonly Target: string; readonly ClientCertURI: string; readonly ClientCertSerial: string },
    options: ConsulCallOptions = {},
  ): Promise<{ readonly Authorized: boolean; readonly Reason: string }> {
    return this.calls.write('POST', '/v1/agent/connect/authorize', options, { body: request });
  }
}
