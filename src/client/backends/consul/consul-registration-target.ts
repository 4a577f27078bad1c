import type { ConsulAgentService, ConsulClient } from '../../../consul/index.js';
import type { CallOptions, CheckStatus, ServiceRegistration } from '../../../model/index.js';
import {
  defaults,
  goQuote,
  isDiscoveryError,
  serviceMaintenanceId,
  ServiceDiscoveryError,
} from '../../../model/index.js';
import type {
  RegisteredInstance,
  RegistrationTarget,
  TargetDescription,
} from '../../registration/registration-target.js';

/**
 * Instances are registered with the agent that the client asks, ours or Consul's. An agent knows its own instances only:
 * with several addresses they are put back on the next one when the first is gone, and its answers about them are
 * forgotten with it, so the agent on the same machine is the one to name first, or alone.
 */
export class ConsulRegistrationTarget implements RegistrationTarget {
  constructor(private readonly client: Pick<ConsulClient, 'agent' | 'health'>) {}

  async describe(options: CallOptions = {}): Promise<TargetDescription> {
    const { Config, Member } = (await this.client.agent.self(options)).value;
    return { nodeAddress: Member?.Addr ?? '', nodeName: Config.NodeName, locality: knowsLocality(Config.Version) };
  }

  async register(body: ServiceRegistration, options: CallOptions = {}): Promise<void> {
    await this.client.agent.register(body, { ...options, replaceExistingChecks: true });
  }

  async deregister(id: string, options: CallOptions = {}): Promise<void> {
    await unlessUnknown(this.client.agent.deregister(id, options));
  }

  async read(id: string, options: CallOptions = {}): Promise<RegisteredInstance | undefined> {
    const answer = await unlessUnknown(this.client.agent.service(id, options));
    return answer && instanceOf(answer.value);
  }

  async list(options: CallOptions = {}): Promise<ReadonlyMap<string, RegisteredInstance>> {
    const { value } = await this.client.agent.services(options);
    return new Map(Object.entries(value).map(([id, service]) => [id, instanceOf(service)]));
  }

  async readChanged(known: RegisteredInstance, signal: AbortSignal): Promise<RegisteredInstance | undefined> {
    const waitMs = defaults.watchWaitMs;
    // An agent that is gone without a word is given up a little after the wait (docs/contract.md section 1.6).
    const held = { hash: known.version, waitMs, timeoutMs: waitMs * 1.1 + 500, signal };
    const answer = await unlessUnknown(this.client.agent.service(known.id, held));
    return answer && instanceOf(answer.value);
  }

  async reportTtl(checkId: string, status: CheckStatus, output: string, options: CallOptions = {}): Promise<void> {
    try {
      await this.client.agent.updateCheck(checkId, { Status: status, Output: output }, options);
    } catch (error) {
      throw withoutTtl(error) ?? error;
    }
  }

  async setMaintenance(id: string, enable: boolean, reason: string, options: CallOptions = {}): Promise<void> {
    await this.client.agent.serviceMaintenance(id, enable, { ...options, reason });
  }

  async maintenanceReason(id: string, options: CallOptions = {}): Promise<string | undefined> {
    const { value } = await this.client.agent.serviceHealth(id, options);
    return value.Checks?.find(({ CheckID }) => CheckID === serviceMaintenanceId(id))?.Notes;
  }

  async isServing(service: string, id: string, options: CallOptions = {}): Promise<boolean> {
    // The same id may be another agent's too.
    const { nodeName } = await this.describe(options);
    const filter = `Service.ID == ${filterText(id)} and Node.Node == ${filterText(nodeName)}`;
    return (await this.client.health.service(service, { ...options, passing: true, filter })).value.length > 0;
  }
}

function instanceOf({ ID, Service, Address, Port, Tags, ContentHash = '' }: ConsulAgentService): RegisteredInstance {
  return { id: ID, service: Service, address: Address, port: Port, tags: Tags, version: ContentHash };
}

/** A quotation mark by its number: to Consul before 1.10 the first one ends a text, a backslash before it or not. */
function filterText(text: string): string {
  return `"${goQuote(text)
    .slice(1, -1)
    .replaceAll('\\"', String.raw`\x22`)}"`;
}

/** Undefined when the agent does not know the instance; a 404 that says something else is no agent's. */
async function unlessUnknown<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isDiscoveryError(error, 'NOT_FOUND') && /unknown service/i.test(error.message)) return undefined;
    throw error;
  }
}

/** An older Consul has the same words, and 500, for a check that is not there and one that takes no reports. */
function withoutTtl(error: unknown): ServiceDiscoveryError | undefined {
  if (!isDiscoveryError(error) || !/does not have associated TTL/.test(error.message)) return undefined;
  return new ServiceDiscoveryError('NOT_FOUND', error.message, { cause: error, details: error.details });
}

/** Consul refuses fields that it does not know; this one came with 1.17. */
function knowsLocality(version: string): boolean {
  const [, major = '0', minor = '0'] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 17);
}
