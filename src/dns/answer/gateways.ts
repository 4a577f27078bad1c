import { jsonField } from '../../model/index.js';
import type { CatalogView, InstanceView, Json } from '../../model/index.js';

/** Instances of the gateways whose configuration entry lets the service in (docs/contract.md section 5.1, `ingress`). */
export function gatewaysOf(catalog: CatalogView, service: string): readonly InstanceView[] {
  const wanted = service.toLowerCase();
  return [...catalog.configs()]
    .filter((entry) => entry.configKind === 'ingress-gateway' && exposes(entry.body, wanted))
    .flatMap((entry) => catalog.serviceView(entry.name).instances);
}

function exposes(entry: Json, wanted: string): boolean {
  return items(jsonField(entry, 'Listeners'))
    .flatMap((listener) => items(jsonField(listener, 'Services')))
    .map((service) => jsonField(service, 'Name'))
    .some((name) => name === '*' || (typeof name === 'string' && name.toLowerCase() === wanted));
}

function items(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
