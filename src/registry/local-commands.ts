import { ttlNote } from '../checks/index.js';
import type {
  Caller,
  CheckRegistration,
  CheckStatus,
  LocalCheckRow,
  RegistryCommands,
  ServiceRegistration,
} from '../model/index.js';
import { goQuote, NODE_MAINTENANCE, notFound, ServiceDiscoveryError, serviceMaintenanceId } from '../model/index.js';
import type { CheckResults } from './check-results.js';
import { authorize } from './core.js';
import type { LocalDraft } from './local-draft.js';
import type { LocalNode } from './local-node.js';
import { nodeMaintenanceCheck, serviceMaintenanceCheck } from './maintenance.js';
import type { RegistrationRules, RegistrationSource, ServicePlan } from './registration.js';
import { planCheck, planService } from './registration.js';

type Options<K extends 'registerService' | 'registerCheck'> = NonNullable<Parameters<RegistryCommands[K]>[1]>;

/** Commands on this agent's own node (docs/contract.md sections 3.1, 3.2 and 4). */
export class LocalCommands {
  constructor(
    private readonly node: LocalNode,
    private readonly results: CheckResults,
    private readonly rules: RegistrationRules,
  ) {}

  async registerService(body: ServiceRegistration, options: Options<'registerService'> = {}): Promise<void> {
    const plan = this.planService(body, sourceOf(options));
    authorize(this.node.core, options, 'service', plan.service.service);
    await this.node.change((draft) => this.applyService(draft, plan, options.replaceExistingChecks ?? false));
  }

  async deregisterService(id: string, caller?: Caller): Promise<void> {
    authorize(this.node.core, caller, 'service', this.node.core.catalog.localService(id)?.service ?? id);
    await this.node.change((draft) => {
      if (!draft.service(id)) throw unknownService(id);
      draft.removeService(id);
    });
  }

  async registerCheck(body: CheckRegistration, options: Options<'registerCheck'> = {}): Promise<void> {
    const plan = planCheck(body, sourceOf(options), this.rules);
    const { serviceId } = plan.row;
    this.authorizeCheck(options, serviceId);
    await this.node.change((draft) => {
      if (serviceId !== '' && !draft.service(serviceId))
        throw notFound(`ServiceID ${goQuote(serviceId)} does not exist`);
      draft.putCheck(plan);
    });
  }

  async deregisterCheck(checkId: string, caller?: Caller): Promise<void> {
    this.authorizeCheck(caller, this.node.checks.get(checkId)?.serviceId ?? '');
    await this.node.change((draft) => {
      if (!draft.check(checkId)) throw unknownCheck(checkId);
      draft.removeCheck(checkId);
    });
  }

  async updateTtl(checkId: string, status: CheckStatus, output: string, caller?: Caller): Promise<void> {
    const check = this.node.checks.get(checkId);
    if (!check) throw unknownCheck(checkId);
    this.authorizeCheck(caller, check.serviceId);
    if (check.definition.type !== 'ttl') {
      throw new ServiceDiscoveryError('INVALID_ARGUMENT', `CheckID ${goQuote(checkId)} does not have associated TTL`, {
        details: { status: 500 },
      });
    }
    const note = ttlNote(output, check.definition.outputMaxSizeBytes);
    this.node.runs.renew(checkId, note);
    await this.results.say(check, { status, output: note });
  }

  async setServiceMaintenance(id: string, enable: boolean, reason: string, caller?: Caller): Promise<void> {
    authorize(this.node.core, caller, 'service', this.node.core.catalog.localService(id)?.service ?? id);
    await this.node.change((draft) => {
      if (!draft.service(id)) throw unknownService(id);
      toggle(draft, enable, serviceMaintenanceId(id), () => serviceMaintenanceCheck(id, reason, caller?.token ?? ''));
    });
  }

  async setNodeMaintenance(enable: boolean, reason: string, caller?: Caller): Promise<void> {
    authorize(this.node.core, caller, 'node', this.node.core.self.name);
    await this.node.change((draft) =>
      toggle(draft, enable, NODE_MAINTENANCE, () => nodeMaintenanceCheck(reason, caller?.token ?? '')),
    );
  }

  async runCheckNow(checkId: string, caller?: Caller): Promise<boolean> {
    const check = this.node.checks.get(checkId);
    if (!check) throw unknownCheck(checkId);
    this.authorizeCheck(caller, check.serviceId);
    return this.node.runs.runNow(checkId);
  }

  /** Definitions of config files, replaced as a set: what the files no longer say goes, in the same commit. */
  async applyConfigDefinitions(
    services: readonly ServiceRegistration[],
    checks: readonly CheckRegistration[],
  ): Promise<void> {
    const source = { token: '', fromConfig: true };
    const servicePlans = services.map((body) => this.planService(body, source));
    const checkPlans = checks.map((body) => planCheck(body, source, this.rules));
    const keptServices = new Set(servicePlans.map((plan) => plan.service.id));
    const keptChecks = new Set(
      [...servicePlans.flatMap((plan) => plan.checks), ...checkPlans].map((c) => c.row.checkId),
    );
    await this.node.change((draft, head) => {
      for (const row of head.localServices()) {
        if (row.fromConfig && !keptServices.has(row.id)) draft.removeService(row.id);
      }
      for (const row of head.localChecks()) {
        if (row.fromConfig && !keptChecks.has(row.checkId)) draft.removeCheck(row.checkId);
      }
      for (const plan of servicePlans) this.applyService(draft, plan, false);
      for (const plan of checkPlans) draft.putCheck(plan);
    });
  }

  private planService(body: ServiceRegistration, source: RegistrationSource): ServicePlan {
    const plan = planService(body, source, this.rules);
    this.node.core.registrationPolicy.check(body);
    return plan;
  }

  private applyService(draft: LocalDraft, plan: ServicePlan, replaceChecks: boolean): void {
    const { service, checks } = plan;
    if (replaceChecks) this.removeOtherChecks(draft, plan);
    draft.putService(service);
    for (const check of checks) draft.putCheck(check);
  }

  /** Maintenance is not a check that a registration could have given, so it stays. */
  private removeOtherChecks(draft: LocalDraft, { service, checks }: ServicePlan): void {
    const kept = new Set([serviceMaintenanceId(service.id), ...checks.map((check) => check.row.checkId)]);
    for (const checkId of this.node.checks.checkIdsOf(service.id)) if (!kept.has(checkId)) draft.removeCheck(checkId);
  }

  private authorizeCheck(caller: Partial<Caller> | undefined, serviceId: string): void {
    const { core } = this.node;
    if (serviceId === '') authorize(core, caller, 'node', core.self.name);
    else authorize(core, caller, 'service', core.catalog.localService(serviceId)?.service ?? serviceId);
  }
}

/** Idempotent both ways: a second enable keeps the first one's reason. */
function toggle(draft: LocalDraft, enable: boolean, checkId: string, check: () => LocalCheckRow): void {
  const enabled = draft.check(checkId) !== undefined;
  if (enable && !enabled) {
    draft.putCheck({ row: check(), outcome: { status: 'critical', output: '' }, firstRun: 'phase' });
  }
  if (!enable && enabled) draft.removeCheck(checkId);
}

function sourceOf(options: { fromConfig?: boolean } & Partial<Caller>) {
  return { token: options.token ?? '', fromConfig: options.fromConfig ?? false };
}

function unknownService(id: string): ServiceDiscoveryError {
  return notFound(`Unknown service ID ${goQuote(id)}. Ensure that the service ID is passed, not the service name.`);
}

function unknownCheck(id: string): ServiceDiscoveryError {
  return notFound(`Unknown check ID ${goQuote(id)}. Ensure that the check ID is passed, not the check name.`);
}
