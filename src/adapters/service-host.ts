/** What a host name such as `v1.orders.service.dc2.consul` asks for. */
export interface ServiceHost {
  readonly service: string;
  readonly tag?: string;
  readonly datacenter?: string;
}

/**
 * Reads service names out of the host names of URLs. A suffix `.service.DOMAIN` also takes the datacenter's form
 * `.service.DC.DOMAIN`, as in Consul's DNS; what stands before the service's own label is its tag. URLs fold letters to
 * lower case, and so do we.
 */
export class ServiceHosts {
  private readonly suffixes: readonly string[];
  /** `.DOMAIN` of the suffixes that take a datacenter. */
  private readonly domains: readonly string[];

  constructor(suffixes: readonly string[]) {
    this.suffixes = suffixes.map((suffix) => suffix.toLowerCase());
    this.domains = this.suffixes
      .filter((suffix) => suffix.startsWith('.service.'))
      .map((suffix) => suffix.slice('.service'.length));
  }

  /** Cheap: called for every request of the process, whatever its host. */
  includes(host: string): boolean {
    return (
      this.suffixes.some((suffix) => host.endsWith(suffix)) || this.domains.some((domain) => host.endsWith(domain))
    );
  }

  /** Undefined when the host is none of ours. */
  parse(host: string): ServiceHost | undefined {
    const name = host.toLowerCase();
    for (const suffix of this.suffixes) {
      if (name.endsWith(suffix)) return named(name.slice(0, -suffix.length));
    }
    for (const domain of this.domains) {
      if (!name.endsWith(domain)) continue;
      const [, labels, datacenter] = /^(.+)\.service\.([^.]+)$/.exec(name.slice(0, -domain.length)) ?? [];
      if (labels !== undefined && datacenter !== undefined) return named(labels, datacenter);
    }
    return undefined;
  }
}

function named(labels: string, datacenter?: string): ServiceHost | undefined {
  const dot = labels.lastIndexOf('.');
  const service = labels.slice(dot + 1);
  const tag = labels.slice(0, Math.max(dot, 0));
  if (service === '') return undefined;
  return { service, ...(tag !== '' && { tag }), ...(datacenter !== undefined && { datacenter }) };
}

/** The host of an origin such as `http://orders.service:8080`, without the port. */
export function hostOf(origin: string): string {
  const start = origin.indexOf('//') + 2;
  const port = origin.indexOf(':', start);
  const slash = origin.indexOf('/', start);
  const end = Math.min(port < 0 ? origin.length : port, slash < 0 ? origin.length : slash);
  return origin.slice(start, end);
}

/** `host:port` as it stands in a URL. */
export function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
