import { endpointOf, type ConsulClient } from '../../consul/index.js';
import { hostPort } from '../output/words.js';

/** What one of the three services says of itself on `/stats`. */
interface ServiceStats {
  readonly pid: number;
  readonly to: string;
  readonly served: number;
  readonly ok: number;
  readonly failed: number;
  readonly last: string;
}

export interface Observation {
  readonly name: string;
  /** '' while it is not registered. */
  readonly address: string;
  readonly status: string;
  readonly stats: ServiceStats | undefined;
}

/** A service as the agent sees it and as it sees itself. */
export async function observe(agent: ConsulClient, name: string): Promise<Observation> {
  const [instance] = (await agent.health.service(name)).value;
  if (!instance) return { name, address: '', status: 'not registered', stats: undefined };
  const { address, port, status } = endpointOf(instance);
  const at = hostPort(address, port);
  return { name, address: at, status, stats: await statsOf(at) };
}

async function statsOf(address: string): Promise<ServiceStats | undefined> {
  try {
    const response = await fetch(`http://${address}/stats`, { signal: AbortSignal.timeout(500) });
    return (await response.json()) as ServiceStats;
  } catch {
    // It is down: that is what the table shows.
    return undefined;
  }
}
