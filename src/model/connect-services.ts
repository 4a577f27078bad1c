import type { ServiceRow } from './rows.js';
import type { CatalogView, InstanceView, ServiceView } from './view.js';
import { jsonField } from './wire/index.js';

/**
 * Who speaks for a service in a mesh: proxies that name it as their destination, and instances that speak mesh
 * themselves (docs/contract.md sections 3.4 and 5.1). Nothing of a mesh is run here; what others registered is shown.
 * One answer for HTTP, DNS and prepared queries, read from the rows once per change of the catalog and only when
 * somebody asks.
 */
export function connectServices(catalog: CatalogView, name: string): readonly ServiceView[] {
  return indexOf(catalog).byName.get(name.toLowerCase()) ?? [];
}

/** The same as one list. */
export function connectInstances(catalog: CatalogView, name: string): readonly InstanceView[] {
  return connectServices(catalog, name).flatMap(({ instances }) => instances);
}

interface ConnectIndex {
  readonly builtAt: number;
  /** Folded name → the services with such instances, and of their instances only those. */
  readonly byName: ReadonlyMap<string, readonly ServiceView[]>;
}

const indexes = new WeakMap<CatalogView, ConnectIndex>();

function indexOf(catalog: CatalogView): ConnectIndex {
  const known = indexes.get(catalog);
  if (known?.builtAt === catalog.index) return known;
  const built = { builtAt: catalog.index, byName: build(catalog) };
  indexes.set(catalog, built);
  return built;
}

function build(catalog: CatalogView): Map<string, ServiceView[]> {
  const byName = new Map<string, ServiceView[]>();
  for (const service of catalog.serviceNames()) {
    const view = catalog.serviceView(service);
    for (const [name, instances] of speakers(view.instances)) {
      const known = byName.get(name) ?? [];
      known.push({ ...view, instances });
      byName.set(name, known);
    }
  }
  return byName;
}

function speakers(instances: readonly InstanceView[]): Map<string, InstanceView[]> {
  const found = new Map<string, InstanceView[]>();
  for (const instance of instances) {
    const name = speaksFor(instance.service)?.toLowerCase();
    if (name === undefined) continue;
    const known = found.get(name) ?? [];
    known.push(instance);
    found.set(name, known);
  }
  return found;
}

function speaksFor({ serviceKind, proxy, connect, service }: ServiceRow): string | undefined {
  if (serviceKind === 'connect-proxy') {
    const name = jsonField(proxy, 'DestinationServiceName');
    return typeof name === 'string' ? name : undefined;
  }
  return jsonField(connect, 'Native') === true ? service : undefined;
}
