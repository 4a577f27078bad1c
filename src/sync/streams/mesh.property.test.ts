import { describe, expect, test } from 'vitest';
import type { Random } from '../../runtime/index.js';
import type { MeshAgent } from '../../testing/sync-mesh/mesh-agent.js';
import { Mesh } from '../../testing/sync-mesh/mesh.js';
import { refKey } from '../../model/index.js';

/** What happens to a mesh, drawn from its seed: commands, cuts, crashes, verdicts. */
class Story {
  readonly mesh: Mesh;
  private readonly random: Random;

  constructor(seed: number) {
    this.mesh = new Mesh(seed);
    this.random = this.mesh.random;
    const size = 2 + this.below(4);
    const settings = { tombstoneMinMs: 1_000, tombstoneMaxMs: 20_000 };
    for (let at = 0; at < size; at++) {
      this.mesh.add({ origin: 'abcdef'[at] as string, settings, skewMs: (this.below(3) - 1) * 120_000 });
    }
    this.mesh.connectAll();
  }

  private below(n: number): number {
    return Math.floor(this.random.next() * n);
  }

  private pick<T>(items: readonly T[]): T | undefined {
    return items[this.below(items.length)];
  }

  tell(events: number): void {
    for (let event = 0; event < events; event++) {
      const [loss, repeats, reorders] = [this.below(4) / 10, this.below(3) / 10, this.below(3) / 10];
      this.mesh.faults = { loss, repeats, reorders, slowness: this.below(3) / 3 };
      for (let command = this.below(6); command > 0; command--) this.command();
      this.fault();
      this.mesh.run(50 * this.below(30));
    }
  }

  private command(): void {
    const agent = this.pick(this.mesh.agents.filter(({ isUp }) => isUp));
    if (!agent) return;
    const id = `s${this.below(4)}`;
    const isOutside = this.below(2) === 0;
    const node = isOutside ? `outside-${this.below(2)}` : agent.node;
    const action = this.below(6);
    if (isOutside && !this.mayWrite(agent, node, id)) return;
    if (action < 3) {
      if (isOutside) agent.registerNode(node);
      agent.register(id, { port: this.below(3), address: `10.0.0.${this.below(2)}` }, node);
    } else if (action < 5) agent.flip(id, this.below(2) === 0 ? 'passing' : 'critical', node);
    else agent.deregister(id, node);
  }

  /** A row of a live other is its owner's to change, so a command would go there. */
  private mayWrite(agent: MeshAgent, node: string, id: string): boolean {
    const keys = [
      refKey({ kind: 'node', node, id: '' }),
      refKey({ kind: 'service', node, id }),
      refKey({ kind: 'check', node, id: `service:${id}` }),
    ];
    return keys.every((key) => {
      const row = agent.local.row(key);
      return !row || !('origin' in row) || row.origin === agent.origin || !agent.members.isLive(row.origin);
    });
  }

  private fault(): void {
    const [a, b] = [this.pick(this.mesh.agents), this.pick(this.mesh.agents)];
    if (!a || !b) return;
    switch (this.below(9)) {
      case 0:
        return this.mesh.isolate(a);
      case 1:
        return a === b ? undefined : this.mesh.cut(a, b);
      case 2:
        return a === b ? undefined : this.mesh.connect(a, b);
      case 3:
        return this.mesh.connectAll();
      case 4:
        return this.end(a, 'stopped');
      case 5:
        return this.end(a, 'crashed');
      case 6:
        if (!a.isUp) a.start();
        return this.mesh.connectAll();
      case 7:
        return this.bury(a);
      default:
        for (const agent of this.mesh.agents) if (agent.isUp && this.below(2) === 0) agent.local.sync();
    }
  }

  private end(agent: MeshAgent, how: 'stopped' | 'crashed'): void {
    if (!agent.isUp) return;
    this.mesh.isolate(agent);
    agent.end(how);
  }

  /** Who is alone is held dead by the others; what it holds may be taken over. */
  private bury(agent: MeshAgent): void {
    this.mesh.isolate(agent);
    for (const other of this.mesh.agents) if (other !== agent && other.isUp) other.judge(agent.origin, 'dead');
  }

  heal(): void {
    this.mesh.faults = {};
    for (const agent of this.mesh.agents) if (!agent.isUp) agent.start();
    for (const a of this.mesh.agents) for (const b of this.mesh.agents) if (a !== b) this.mesh.cut(a, b);
    this.mesh.connectAll();
    this.mesh.run(15_000);
  }
}

function differences(a: MeshAgent, b: MeshAgent): unknown[] {
  const [one, other] = [a.local.shown(), b.local.shown()];
  const keys = new Set([...one.keys(), ...other.keys()]);
  return [...keys]
    .filter((key) => one.get(key) !== other.get(key))
    .map((key) => [key.replaceAll('\u0000', ' '), a.origin, one.get(key), b.origin, other.get(key)]);
}

function expectConverged({ agents }: Mesh): void {
  const [first, ...others] = agents as [MeshAgent, ...MeshAgent[]];
  for (const other of others) expect(differences(first, other)).toEqual([]);
  for (const { origin } of agents) {
    const positions = agents.map((agent) => agent.streams.position(origin));
    expect(new Set(positions.map(({ inc, ver }) => `${inc}/${ver}`)).size).toBe(1);
  }
}

/** What an agent says of its own node is shown, all of it and nothing else. */
function expectOwnNodes({ agents }: Mesh): void {
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
  mesh.run(5_000);
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

describe('agents among losses, repetitions, cuts, crashes and wrong verdicts', () => {
  const seeds = Array.from(
    { length: Number(process.env.MESH_SEEDS ?? 50) },
    (_, at) => at + Number(process.env.MESH_FROM ?? 1),
  );

  test.each(seeds)('come to the same, seed %i', (seed) => {
    const story = new Story(seed);
    story.tell(40);
    story.heal();
    expectConverged(story.mesh);
    expectOwnNodes(story.mesh);
    expectSoundCounters(story.mesh);
    expectQuiet(story.mesh);
    expectRestartsCostNothing(story);
  });
});
