import type {
  CallOptions,
  CatalogView,
  CheckStatus,
  LocalServiceRow,
  RegistryCommands,
  ServiceRegistration,
} from '../../../model/index.js';
import {
  defaults,
  isDiscoveryError,
  serviceMaintenanceId,
  ServiceDiscoveryError,
  topic,
} from '../../../model/index.js';
import type { Clock } from '../../../runtime/index.js';
import { realClock, withinCall } from '../../../runtime/index.js';
import type {
  RegisteredInstance,
  RegistrationTarget,
  TargetDescription,
} from '../../registration/registration-target.js';

/** What registering needs of a registry in this process. `createRegistry` of `./registry` makes one. */
export interface RegistrySink extends Pick<
  RegistryCommands,
  'nodeName' | 'registerService' | 'deregisterService' | 'updateTtl' | 'setServiceMaintenance'
> {
  readonly catalog: Pick<
    CatalogView,
    'node' | 'serviceView' | 'localService' | 'localServices' | 'localCheck' | 'subscribe'
  >;
}

/** Instances are registered with a registry in this process. */
export class RegistryRegistrationTarget implements RegistrationTarget {
  constructor(
    private readonly registry: RegistrySink,
    private readonly clock: Clock = realClock,
  ) {}

  describe(options?: CallOptions): Promise<TargetDescription> {
    const { nodeName, catalog } = this.registry;
    return this.call('describe', options, async () => {
      return { nodeAddress: catalog.node(nodeName)?.address ?? '', nodeName, locality: true };
    });
  }

  register(body: ServiceRegistration, options?: CallOptions): Promise<void> {
    return this.call('register', options, () => this.registry.registerService(body, { replaceExistingChecks: true }));
  }

  deregister(id: string, options?: CallOptions): Promise<void> {
    return this.call('deregister', options, async () => {
      try {
        await this.registry.deregisterService(id);
      } catch (error) {
        if (!isDiscoveryError(error, 'NOT_FOUND')) throw error;
      }
    });
  }

  read(id: string, options?: CallOptions): Promise<RegisteredInstance | undefined> {
    return this.call('read', options, async () => this.instance(id));
  }

  list(options?: CallOptions): Promise<ReadonlyMap<string, RegisteredInstance>> {
    return this.call('list', options, async () => {
      return new Map(Array.from(this.registry.catalog.localServices(), (row) => [row.id, instanceOf(row)]));
    });
  }

  async readChanged(known: RegisteredInstance, signal: AbortSignal): Promise<RegisteredInstance | undefined> {
    const isNews = (): boolean => this.instance(known.id)?.version !== known.version;
    if (!isNews() && !signal.aborted) await this.until(known.id, isNews, signal);
    signal.throwIfAborted();
    return this.instance(known.id);
  }

  reportTtl(checkId: string, status: CheckStatus, output: string, options?: CallOptions): Promise<void> {
    return this.call('report', options, async () => {
      const check = this.registry.catalog.localCheck(checkId);
      if (check && check.definition.type !== 'ttl') throw takesNoReports(checkId);
      await this.registry.updateTtl(checkId, status, output);
    });
  }

  setMaintenance(id: string, enable: boolean, reason: string, options?: CallOptions): Promise<void> {
    return this.call('set maintenance', options, () => this.registry.setServiceMaintenance(id, enable, reason));
  }

  maintenanceReason(id: string, options?: CallOptions): Promise<string | undefined> {
    return this.call('read maintenance', options, async () => {
      return this.registry.catalog.localCheck(serviceMaintenanceId(id))?.notes;
    });
  }

  isServing(service: string, id: string, options?: CallOptions): Promise<boolean> {
    const { nodeName, catalog } = this.registry;
    return this.call('read health', options, async () => {
      const own = catalog.serviceView(service).instances.find((one) => {
        return one.service.id === id && one.node.node === nodeName;
      });
      return own?.status === 'passing';
    });
  }

  private instance(id: string): RegisteredInstance | undefined {
    const row = this.registry.catalog.localService(id);
    return row && instanceOf(row);
  }

  private until(id: string, isNews: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        unsubscribe();
        cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const unsubscribe = this.registry.catalog.subscribe(topic.local(id), () => {
        if (isNews()) end();
      });
      const cancel = this.clock.after(defaults.watchWaitMs, end);
      signal.addEventListener('abort', end);
    });
  }

  private call<T>(what: string, options: CallOptions = {}, work: () => Promise<T>): Promise<T> {
    return withinCall(
      this.clock,
      what,
      { ...options, timeoutMs: options.timeoutMs ?? defaults.registrationTimeoutMs },
      work,
    );
  }
}

function instanceOf({ id, service, address, port, tags, modifyIndex }: LocalServiceRow): RegisteredInstance {
  return { id, service, address, port, tags, version: String(modifyIndex) };
}

function takesNoReports(checkId: string): ServiceDiscoveryError {
  return new ServiceDiscoveryError('NOT_FOUND', `check ${checkId} takes no reports: it is not a TTL check`);
}
