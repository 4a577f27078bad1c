/** The parts of the agent's answers that the CLI shows (docs/contract.md section 2). */
export interface NodeJson {
  readonly ID: string;
  readonly Node: string;
  readonly Address: string;
  readonly Datacenter: string;
  readonly Meta: Readonly<Record<string, string>> | null;
}

interface ServiceJson {
  readonly ID: string;
  readonly Service: string;
  readonly Tags: readonly string[] | null;
  readonly Address: string;
  readonly Port?: number;
  readonly Meta: Readonly<Record<string, string>> | null;
  readonly Weights?: { readonly Passing: number; readonly Warning: number };
  readonly Locality?: { readonly Region?: string; readonly Zone?: string } | null;
}

export interface CheckJson {
  readonly Node: string;
  readonly CheckID: string;
  readonly Name: string;
  readonly Status: string;
  readonly Notes: string;
  readonly Output: string;
  readonly ServiceID: string;
  readonly ServiceName: string;
  readonly Type?: string;
}

/** An item of health/service/:name. */
export interface InstanceJson {
  readonly Node: NodeJson;
  readonly Service: ServiceJson;
  readonly Checks: readonly CheckJson[];
}

const MAINTENANCE = /^_(node|service)_maintenance/;
const RANK = ['passing', 'warning', 'critical', 'maintenance'];

/** The worst word of an instance's checks: maintenance > critical > warning > passing. */
export function statusOf(checks: readonly CheckJson[]): string {
  let worst = 0;
  for (const { CheckID, Status } of checks) {
    const word = Status === 'critical' && MAINTENANCE.test(CheckID) ? 'maintenance' : Status;
    const rank = RANK.indexOf(word);
    worst = Math.max(worst, rank < 0 ? 2 : rank);
  }
  return RANK[worst] as string;
}

/** What the client library calls an endpoint, so that `--json` and programs speak of the same thing. */
export interface EndpointJson {
  readonly id: string;
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly healthy: boolean;
  readonly status: string;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly node: string;
  readonly datacenter: string;
  readonly locality: { readonly region?: string; readonly zone?: string };
  readonly weight: number;
}

export function endpointOf({ Node, Service, Checks }: InstanceJson): EndpointJson {
  const status = statusOf(Checks);
  const { Region: region, Zone: zone } = Service.Locality ?? {};
  return {
    id: Service.ID,
    service: Service.Service,
    address: Service.Address === '' ? Node.Address : Service.Address,
    port: Service.Port ?? 0,
    healthy: status === 'passing',
    status,
    tags: Service.Tags ?? [],
    metadata: Service.Meta ?? {},
    node: Node.Node,
    datacenter: Node.Datacenter,
    locality: { ...(region ? { region } : {}), ...(zone ? { zone } : {}) },
    weight: (status === 'warning' ? Service.Weights?.Warning : Service.Weights?.Passing) ?? 1,
  };
}
