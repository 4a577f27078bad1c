import { jsonField, topic } from '../model/index.js';
import type { Answer, CatalogView, InstanceView, Json } from '../model/index.js';

/**
 * Instances that stand for a service in a mesh: proxies that name it as their destination and instances that speak
 * mesh themselves, or ingress gateways of that name. Nothing of a mesh is run here; what others registered is shown.
 * The scan is over all services, so any change of the catalog wakes its readers.
 */
export function meshInstances(
  catalog: CatalogView,
  kind: 'connect' | 'ingress',
  name: string,
): Answer<readonly InstanceView[]> {
  const found: InstanceView[] = [];
  let index = catalog.serviceView(name).index;
  for (const service of catalog.serviceNames()) {
    const view = catalog.serviceView(service);
    const instances = view.instances.filter((instance) => standsFor(instance, kind, name));
    if (instances.length === 0) continue;
    found.push(...instances);
    index = Math.max(index, view.index);
  }
  return { value: found, index, topic: topic.all };
}

function standsFor({ service }: InstanceView, kind: 'connect' | 'ingress', name: string): boolean {
  if (kind === 'ingress') return service.serviceKind === 'ingress-gateway' && equal(service.service, name);
  if (service.serviceKind === 'connect-proxy') return equal(jsonField(service.proxy, 'DestinationServiceName'), name);
  return jsonField(service.connect, 'Native') === true && equal(service.service, name);
}

function equal(a: Json | undefined, b: string): boolean {
  return typeof a === 'string' && a.toLowerCase() === b.toLowerCase();
}
