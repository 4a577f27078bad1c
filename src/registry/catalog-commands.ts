import { decision, Draft, removeCheck, removeNode, removeService } from '../catalog/index.js';
import type { Caller, CatalogDeregistration, CatalogRegistration, Owned, StateReader } from '../model/index.js';
import { invalid, ServiceDiscoveryError } from '../model/index.js';
import { decideCatalogRegistration, planCatalog } from './catalog-registration.js';
import type { Core } from './core.js';
import { authorize } from './core.js';

/** Writes to the catalog for any node, whoever runs it (docs/contract.md section 3.3). */
export class CatalogCommands {
  constructor(private readonly core: Core) {}

  async registerCatalog(body: CatalogRegistration, caller?: Caller): Promise<void> {
    this.requireOwnDatacenter(body.Datacenter);
    const plan = planCatalog(body);
    authorize(this.core, caller, 'node', plan.node);
    if (plan.service) {
      authorize(this.core, caller, 'service', plan.service.Service ?? '');
      this.core.registrationPolicy.check({ ...plan.service, Name: plan.service.Service, Checks: plan.checks });
    }
    const { self, owners } = this.core;
    await this.core.decide((head) => decideCatalogRegistration(head, plan, self, owners));
  }

  /**
   * A service with its checks, else a check, else the whole node. What is not there is gone already: no error. Rows of
   * other agents that live are theirs to remove.
   */
  async deregisterCatalog(body: CatalogDeregistration, caller?: Caller): Promise<void> {
    this.requireOwnDatacenter(body.Datacenter);
    const { Node: node = '', ServiceID: serviceId = '', CheckID: checkId = '' } = body;
    if (node === '') throw invalid('Must provide node');
    authorize(this.core, caller, 'node', node);
    await this.core.decide((head) => {
      const draft = new Draft(head);
      const mayRemove = (row: Owned): boolean => !this.core.owners.isLiveOther(row);
      if (serviceId !== '') removeService(draft, node, serviceSpelt(head, node, serviceId), mayRemove);
      else if (checkId !== '') this.removeCheck(draft, node, checkSpelt(head, node, checkId));
      else removeNode(draft, node, mayRemove);
      return decision(undefined, draft.changes, draft.lockDelays);
    });
  }

  private removeCheck(draft: Draft, node: string, checkId: string): void {
    const row = draft.state.check(node, checkId);
    if (row && !this.core.owners.isLiveOther(row)) removeCheck(draft, node, checkId);
  }

  private requireOwnDatacenter(datacenter = ''): void {
    if (datacenter === '' || datacenter === this.core.self.datacenter) return;
    throw new ServiceDiscoveryError('INVALID_ARGUMENT', 'No path to datacenter', { details: { status: 500 } });
  }
}

/** Consul's catalog finds ids whatever their case; an exact match goes first, as ids that differ in case live here. */
function serviceSpelt(head: StateReader, node: string, id: string): string {
  if (head.service(node, id)) return id;
  const wanted = id.toLowerCase();
  return Array.from(head.servicesOf(node)).find((row) => row.id.toLowerCase() === wanted)?.id ?? id;
}

function checkSpelt(head: StateReader, node: string, id: string): string {
  if (head.check(node, id)) return id;
  const wanted = id.toLowerCase();
  return Array.from(head.checksOf(node)).find((row) => row.checkId.toLowerCase() === wanted)?.checkId ?? id;
}
