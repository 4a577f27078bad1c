import { describe, expect, test } from 'vitest';
import type { MeshAgent } from '../../testing/sync-mesh/mesh-agent.js';
import type { Mesh } from '../../testing/sync-mesh/mesh.js';
import type { Cast } from '../../testing/sync-mesh/story.js';
import { Story } from '../../testing/sync-mesh/story.js';

const CATALOG = /^(node|service|check)/;
const STATE = /^(kv)/;

function shown(agent: MeshAgent, shelf: string, kinds: RegExp): ReadonlyMap<string, string> {
  return new Map([...(agent.shelves.get(shelf)?.shown() ?? [])].filter(([key]) => kinds.test(key)));
}

function differences(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): unknown[] {
  return [...new Set([...one.keys(), ...other.keys()])]
    .filter((key) => one.get(key) !== other.get(key))
    .map((key) => [key.replaceAll('\u0000', ' '), one.get(key), other.get(key)]);
}

function expectConverged(agents: readonly MeshAgent[]): void {
  const [first, ...others] = agents as [MeshAgent, ...MeshAgent[]];
  for (const other of others) {
    expect(differences(shown(first, 'local', CATALOG), shown(other, 'local', CATALOG))).toEqual([]);
  }
  for (const { origin } of agents) expectSamePosition(agents, origin);
}

function expectSamePosition(agents: readonly MeshAgent[], stream: string): void {
  const positions = agents.map((agent) => agent.streams.position(stream));
  expect(new Set(positions.map(({ inc, ver }) => `${inc}/${ver}`)).size).toBe(1);
}

/** What an agent says of its own node is shown, all of it and nothing else. */
function expectOwnNodes(agents: readonly MeshAgent[]): void {
  for (const agent of agents) {
    const isOfNode = (key: string): boolean => key.split('\u0000')[1] === agent.node;
    const defined = [...agent.definitions.keys()].filter(isOfNode).toSorted();
    for (const other of agents) expect([...other.local.shown().keys()].filter(isOfNode).toSorted()).toEqual(defined);
  }
}

function expectSoundCounters({ agents }: Mesh): void {
  for (const agent of agents) {
    const { counters } = agent.streams.report(0);
    expect(counters).toMatchObject({ resetsCorrupt: 0 });
  }
}

/** Summaries are equal, so nothing else is exchanged. */
function expectQuiet(mesh: Mesh): void {
  const from = mesh.sent.length;
  mesh.run(11_000);
  const types = new Set(mesh.sent.slice(from).map(({ message }) => message.type));
  expect([...types]).toEqual(['summary']);
}

/** What is kept is what streams say: after a clean restart everybody goes on from it without a transfer. */
function expectRestartsCostNothing({ mesh }: Story): void {
  // Of two registrations of one moment the later incarnation's is shown, so only what there is can be compared.
  const identities = (): string[][] => mesh.agents.map((agent) => [...agent.local.shown().keys()]);
  const before = identities();
  for (const agent of mesh.agents) {
    mesh.isolate(agent);
    agent.end('stopped');
    mesh.run(100);
    agent.start();
    mesh.connectAll();
    mesh.run(3_000);
  }
  expect(identities()).toEqual(before);
  for (const agent of mesh.agents) {
    const { counters } = agent.streams.report(0);
    expect(counters).toMatchObject({ resetsCorrupt: 0, resetsIncarnation: 0, resetsBehind: 0 });
  }
}

function seeds(count: number): number[] {
  const from = Number(process.env.MESH_FROM ?? 1);
  return Array.from({ length: Number(process.env.MESH_SEEDS ?? count) }, (_, at) => from + at);
}

describe('agents among losses, repetitions, cuts, crashes and wrong verdicts', () => {
  test.each(seeds(30))('come to the same, seed %i', (seed) => {
    const story = new Story(seed, { here: 2 + (seed % 4) });
    story.tell(40);
    story.heal();
    expectConverged(story.mesh.agents);
    expectOwnNodes(story.mesh.agents);
    expectSoundCounters(story.mesh);
    expectQuiet(story.mesh);
    expectRestartsCostNothing(story);
  });

  test.each(seeds(15))('hold what their home holds, seed %i', (seed) => {
    const story = new Story(seed, { here: 2 + (seed % 3), hasHome: true });
    story.tell(40);
    story.heal();
    expectConverged(story.mesh.agents);
    expectSamePosition(story.mesh.agents, 'a/state');
    const [home, ...others] = story.mesh.agents as [MeshAgent, ...MeshAgent[]];
    for (const other of others) {
      expect(differences(shown(home, 'local', STATE), shown(other, 'state', STATE))).toEqual([]);
    }
    expectQuiet(story.mesh);
  });

  test.each(seeds(15))('know another datacenter as it knows itself, seed %i', (seed) => {
    const exports: Cast['exports'] = seed % 2 === 0 ? {} : { dc1: ['web'], dc2: ['d*'] };
    const story = new Story(seed, { here: 2 + (seed % 2), there: 1 + (seed % 3), exports });
    story.tell(40);
    story.heal();
    const [here, there] = [ofDatacenter(story, 'dc1'), ofDatacenter(story, 'dc2')];
    expectConverged(here);
    expectConverged(there);
    for (const agent of here) expectExported(there[0] as MeshAgent, agent, 'dc2', exports['dc1']);
    for (const agent of there) expectExported(here[0] as MeshAgent, agent, 'dc1', exports['dc2']);
    expectQuiet(story.mesh);
  });
});

function ofDatacenter({ mesh }: Story, name: string): MeshAgent[] {
  return mesh.agents.filter(({ datacenter }) => datacenter === name);
}

/** Nodes and their checks always; services, with their checks, by name. */
function expectExported(owner: MeshAgent, agent: MeshAgent, shelf: string, names: readonly string[] | undefined): void {
  const all = shown(owner, 'local', CATALOG);
  const isShown = (key: string): boolean => {
    const [kind, node, id] = key.split('\u0000') as [string, string, string];
    const service = kind === 'service' ? id : id.startsWith('service:') ? id.slice('service:'.length) : undefined;
    if (service === undefined || !names) return true;
    const row = owner.local.row(`service\u0000${node}\u0000${service}`);
    const name = row?.kind === 'service' ? row.service : '';
    return names.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
  };
  const exported = new Map([...all].filter(([key]) => isShown(key)));
  expect(differences(exported, shown(agent, shelf, CATALOG))).toEqual([]);
}
