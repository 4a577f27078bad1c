import type { SyncSettings } from '../../sync/index.js';
import type { MeshAgent } from './mesh-agent.js';
import { Mesh } from './mesh.js';

/** Agents of one datacenter that know each other. */
export function meshOf<const O extends readonly string[]>(
  origins: O,
  settings: Partial<SyncSettings> = {},
): { mesh: Mesh; agents: { -readonly [K in keyof O]: MeshAgent } } {
  const mesh = new Mesh();
  const agents = origins.map((origin) => mesh.add({ origin, settings }));
  mesh.connectAll();
  mesh.run(500);
  return { mesh, agents: agents as { -readonly [K in keyof O]: MeshAgent } };
}

/** Identities that an agent shows, as `kind node id`. */
export function shownBy(agent: MeshAgent, shelf = 'local'): string[] {
  const keys = agent.shelves.get(shelf)?.shown().keys() ?? [];
  return Array.from(keys, (key) => key.replaceAll('\u0000', ' ').trim());
}

/** Fields of one row as an agent shows it. */
export function shownRow(
  agent: MeshAgent,
  identity: string,
  shelf = 'local',
): Readonly<Record<string, unknown>> | undefined {
  const [kind, node = '', id = ''] = identity.split(' ');
  const text = agent.shelves.get(shelf)?.shown().get(`${kind}\u0000${node}\u0000${id}`);
  return text === undefined ? undefined : Object.fromEntries(JSON.parse(text) as [string, unknown][]);
}
