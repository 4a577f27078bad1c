import { refKey } from '../../model/index.js';
import type { Random } from '../../runtime/index.js';
import type { MeshAgent } from './mesh-agent.js';
import { Mesh } from './mesh.js';

export interface Cast {
  /** How many agents there are. */
  readonly here: number;
  /** How many there are of another datacenter; the first two of each are gateways to each other. */
  readonly there?: number;
  /** Whether the first agent is home of the others. */
  readonly hasHome?: boolean;
  readonly exports?: Readonly<Record<string, readonly string[]>>;
}

const NAMES = 'abcdefgh';
const NAMES_THERE = 'stuvwxyz';

/** What happens to a mesh, drawn from its seed: commands, cuts, crashes, verdicts. */
export class Story {
  readonly mesh: Mesh;
  private readonly random: Random;

  constructor(
    seed: number,
    private readonly cast: Cast,
  ) {
    this.mesh = new Mesh(seed);
    this.random = this.mesh.random;
    for (let at = 0; at < cast.here; at++) this.add(NAMES[at] as string, 'dc1');
    for (let at = 0; at < (cast.there ?? 0); at++) this.add(NAMES_THERE[at] as string, 'dc2');
    if (cast.hasHome) this.mesh.home = 'a';
    this.mesh.connectAll();
  }

  private add(origin: string, datacenter: string): void {
    const { exports = {} } = this.cast;
    const settings = { tombstoneMinMs: 1_000, tombstoneMaxMs: 20_000, exports };
    this.mesh.add({ origin, datacenter, settings, skewMs: (this.below(3) - 1) * 120_000 });
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
    if (agent.origin === this.mesh.home && this.below(2) === 0) return this.writeState(agent);
    const id = `s${this.below(4)}`;
    const isOutside = this.below(2) === 0;
    const node = isOutside ? `outside-${this.below(2)}` : agent.node;
    if (!isOutside || this.mayWrite(agent, node, id)) this.writeCatalog(agent, node, id);
  }

  private writeCatalog(agent: MeshAgent, node: string, id: string): void {
    const action = this.below(6);
    if (action < 3) {
      if (node !== agent.node) agent.registerNode(node);
      // Of rivals under one identity a filter on names must show all or none.
      const service = node === agent.node ? `${this.pick(['web', 'db'])}` : id < 's2' ? 'web' : 'db';
      agent.register(id, { service, port: this.below(3), address: `10.0.0.${this.below(2)}` }, node);
    } else if (action < 5) agent.flip(id, this.below(2) === 0 ? 'passing' : 'critical', node);
    else agent.deregister(id, node);
  }

  private writeState(home: MeshAgent): void {
    const key = `k${this.below(5)}`;
    if (this.below(30) === 0) home.beginSpace(`space-${this.below(1_000_000)}`);
    else if (this.below(3) === 0) home.deleteKey(key);
    else home.setKey(key, `${this.below(100)}`);
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
    switch (this.below(11)) {
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
      case 8:
        return this.leave(a);
      case 9:
        return this.turnBack(a);
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
    this.judge(agent, 'dead');
  }

  private leave(agent: MeshAgent): void {
    if (this.below(3) > 0) return;
    this.end(agent, 'stopped');
    this.judge(agent, 'left');
  }

  /** Other datacenters hold nobody dead. */
  private judge(agent: MeshAgent, verdict: 'dead' | 'left'): void {
    for (const other of this.mesh.agents) {
      if (other === agent || !other.isUp) continue;
      if (verdict === 'left' || other.datacenter === agent.datacenter) other.judge(agent.origin, verdict);
    }
  }

  /** Its disk is that of some time ago. */
  private turnBack(agent: MeshAgent): void {
    if (this.below(2) === 0) return agent.copyDisk();
    this.end(agent, 'stopped');
    agent.restoreDisk();
  }

  heal(): void {
    this.mesh.faults = {};
    for (const agent of this.mesh.agents) if (!agent.isUp) agent.start();
    for (const a of this.mesh.agents) for (const b of this.mesh.agents) if (a !== b) this.mesh.cut(a, b);
    this.mesh.connectAll();
    this.mesh.run(20_000);
  }
}
