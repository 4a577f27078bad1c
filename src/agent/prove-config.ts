import { Catalog } from '../catalog/index.js';
import { createDnsServer } from '../dns/index.js';
import { isDiscoveryError, ServiceDiscoveryError, type Violation } from '../model/index.js';
import { createRegistry, type CheckOptions } from '../registry/index.js';
import { realClock, type Clock } from '../runtime/index.js';
import type { AgentConfig } from './config/index.js';
import { checkOptions } from './room-options.js';

/** A clock that never rings: nothing that is registered runs. */
const stillClock: Clock = { ...realClock, after: () => () => {}, sleep: () => new Promise(() => {}) };

/**
 * Everything the rooms would refuse of a configuration, without opening or running anything: definitions one by one,
 * so that each mistake is told with its place, the registration policy, static DNS records. Files it names, such as
 * certificates, may be another machine's. Throws INVALID_ARGUMENT.
 */
export async function proveConfig(config: AgentConfig, runners?: CheckOptions['runners']): Promise<void> {
  const violations: Violation[] = [];
  const attempt = async (field: string, work: () => Promise<void> | void): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!isDiscoveryError(error)) throw error;
      violations.push({ field, rule: error.message });
    }
  };
  await attempt(
    'dns_config:',
    () => void createDnsServer({ catalog: emptyCatalog(config), queries: noQueries, config: config.dns }),
  );
  await attempt('registration_policy:', () => proveDefinitions(config, runners, attempt));
  const [first] = violations;
  if (!first) return;
  const message =
    violations.length === 1 ? `${first.field} ${first.rule}` : `the configuration has ${violations.length} mistakes`;
  throw new ServiceDiscoveryError('INVALID_ARGUMENT', message, { details: { violations } });
}

async function proveDefinitions(
  config: AgentConfig,
  runners: CheckOptions['runners'],
  attempt: (field: string, work: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const registry = await createRegistry({
    datacenter: config.datacenter,
    node: { name: config.nodeName, address: config.advertiseAddress },
    checks: checkOptions(config, runners),
    clock: stillClock,
    registrationPolicy: config.registrationPolicy,
  });
  try {
    for (const [i, body] of config.services.entries()) {
      await attempt(`services[${i}] "${body.Name ?? ''}":`, () => registry.applyConfigDefinitions([body], []));
    }
    for (const [i, body] of config.nodeChecks.entries()) {
      // A check may be of a service that another definition brings.
      await attempt(`checks[${i}] "${body.Name ?? ''}":`, () =>
        registry.applyConfigDefinitions([], [{ ...body, ServiceID: '' }]),
      );
    }
  } finally {
    await registry.close();
  }
}

function emptyCatalog({ datacenter }: AgentConfig): Catalog {
  return new Catalog({ datacenter });
}

const noQueries = {
  executeQuery: (): never => {
    throw new ServiceDiscoveryError('NOT_FOUND', 'Query not found');
  },
};
