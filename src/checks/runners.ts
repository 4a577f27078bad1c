import type { CheckDefinition, CheckRunner, CheckType } from '../model/index.js';
import { aliasRunner, type AliasSource } from './alias.js';
import { allowedNetworks } from './allowed-networks.js';
import { Dialer } from './dialer.js';
import { grpcRunner } from './grpc.js';
import { h2pingRunner } from './h2ping.js';
import { httpRunner } from './http.js';
import { osServiceRunner } from './os-service.js';
import { dockerRunner, scriptRunner } from './script.js';
import { tcpRunner } from './tcp.js';
import { udpRunner } from './udp.js';

export interface RunnerOptions {
  readonly aliases: AliasSource;
  /** CIDRs that network checks may connect to. Default: no restriction. */
  readonly allowedNetworks?: readonly string[];
  /** Added to the agent's own environment for script checks. */
  readonly scriptEnv?: Readonly<Record<string, string>>;
  /** The embedding program's runners, by the name that a registration gives in Runner. */
  readonly custom?: ReadonlyMap<string, CheckRunner>;
}

/** Finds the runner of a check; undefined for kinds that nobody runs (ttl, maintenance) and unknown custom names. */
export type RunnerOf = (check: CheckDefinition) => CheckRunner | undefined;

/** One runner for each kind, shared by all its checks. Whether scripts may be registered at all is the registry's rule. */
export function checkRunners(options: RunnerOptions): RunnerOf {
  const dialer = new Dialer(options.allowedNetworks && allowedNetworks(options.allowedNetworks));
  const environment = { env: options.scriptEnv ?? {} };
  const runners: ReadonlyMap<CheckType, CheckRunner> = new Map([
    ['http', httpRunner(dialer)],
    ['tcp', tcpRunner(dialer)],
    ['udp', udpRunner(dialer)],
    ['grpc', grpcRunner(dialer)],
    ['h2ping', h2pingRunner(dialer)],
    ['script', scriptRunner(environment)],
    ['docker', dockerRunner(environment)],
    ['os_service', osServiceRunner()],
    ['alias', aliasRunner(options.aliases)],
  ]);
  return (check) => (check.type === 'custom' ? options.custom?.get(check.runner) : runners.get(check.type));
}
