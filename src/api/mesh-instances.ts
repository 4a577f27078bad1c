import { connectServices, topic } from '../model/index.js';
import type { Answer, CatalogView, InstanceView, ServiceView } from '../model/index.js';

/**
 * Instances that stand for a service in a mesh: what speaks for it, or ingress gateways of that name. They may be of
 * any service, so any change of the catalog wakes their readers.
 */
export function meshInstances(
  catalog: CatalogView,
  kind: 'connect' | 'ingress',
  name: string,
): Answer<readonly InstanceView[]> {
  const views = kind === 'connect' ? connectServices(catalog, name) : [ingressGateways(catalog.serviceView(name))];
  const index = Math.max(catalog.serviceView(name).index, ...views.map((view) => view.index));
  return { value: views.flatMap(({ instances }) => instances), index, topic: topic.all };
}

function ingressGateways(view: ServiceView): ServiceView {
  return { ...view, instances: view.instances.filter(({ service }) => service.serviceKind === 'ingress-gateway') };
}
