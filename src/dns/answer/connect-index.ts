/**
 * Which services stand in front of which: sidecar proxies by their destination, gateways by the services their
 * configuration entry exposes (docs/contract.md section 5.1, `connect` and `ingress`). Read from the rows once per
 * change of the catalog, and only when such a name is asked for.
 */
import type { CatalogView, InstanceView, Json } from '../../model/index.js';

export class ConnectIndex {
  private builtAt = -1;
  private readonly proxies = new Map<string, Set<string>>();

  constructor(private readonly catalog: CatalogView) {}

  /** Instances that accept mesh connections for the service: its proxies, and those that do so themselves. */
  capable(service: string): InstanceView[] {
    this.refresh();
    const wanted = service.toLowerCase();
    const found: InstanceView[] = [];
    for (const name of this.proxies.get(wanted) ?? []) {
      for (const instance of this.catalog.serviceView(name).instances) {
        if (proxied(instance.service) === wanted || isNative(instance, wanted)) found.push(instance);
      }
    }
    return found;
  }

  /** Instances of the gateways that let the service in. */
  gateways(service: string): InstanceView[] {
    const wanted = service.toLowerCase();
    return [...this.catalog.configs()]
      .filter((entry) => entry.configKind === 'ingress-gateway' && exposes(entry.body, wanted))
      .flatMap((entry) => this.catalog.serviceView(entry.name).instances);
  }

  private refresh(): void {
    if (this.builtAt === this.catalog.index) return;
    this.builtAt = this.catalog.index;
    this.proxies.clear();
    for (const node of this.catalog.nodes()) {
      for (const row of this.catalog.servicesOf(node.node)) {
        const destination = isNativeRow(row) ? row.service.toLowerCase() : proxied(row);
        if (destination !== undefined) this.add(destination, row.service);
      }
    }
  }

  private add(destination: string, service: string): void {
    const known = this.proxies.get(destination);
    if (known) known.add(service.toLowerCase());
    else this.proxies.set(destination, new Set([service.toLowerCase()]));
  }
}

interface MeshFields {
  readonly serviceKind: string;
  readonly proxy: Json;
  readonly connect: Json;
}

function proxied(row: MeshFields): string | undefined {
  if (row.serviceKind !== 'connect-proxy') return undefined;
  const name = field(row.proxy, 'DestinationServiceName');
  return typeof name === 'string' ? name.toLowerCase() : undefined;
}

function isNativeRow(row: MeshFields): boolean {
  return field(row.connect, 'Native') === true;
}

function isNative(instance: InstanceView, wanted: string): boolean {
  return isNativeRow(instance.service) && instance.service.service.toLowerCase() === wanted;
}

function exposes(entry: Json, wanted: string): boolean {
  return items(field(entry, 'Listeners'))
    .flatMap((listener) => items(field(listener, 'Services')))
    .map((service) => field(service, 'Name'))
    .some((name) => name === '*' || (typeof name === 'string' && name.toLowerCase() === wanted));
}

function field(value: Json, name: string): Json {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
  return Object.hasOwn(value, name) ? ((value as { readonly [key: string]: Json })[name] ?? null) : null;
}

function items(value: Json): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
