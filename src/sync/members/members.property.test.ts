import { array, assert, constantFrom, integer, property, record, type Arbitrary } from 'fast-check';
import { expect, test } from 'vitest';
import { MemberMesh, type MeshAgent } from '../../testing/member-mesh.js';

interface Fault {
  readonly what: 'crash' | 'restart' | 'stop' | 'stall' | 'split' | 'one-way' | 'heal';
  /** Which agent, modulo how many there are; for `split` the bits of who is on which side. */
  readonly who: number;
  readonly other: number;
  /** Until the next one. */
  readonly thenMs: number;
}

const anyFault: Arbitrary<Fault> = record({
  what: constantFrom<Fault['what']>('crash', 'restart', 'stop', 'stall', 'split', 'one-way', 'heal'),
  who: integer({ min: 0, max: 511 }),
  other: integer({ min: 0, max: 8 }),
  thenMs: integer({ min: 50, max: 12_000 }),
});

/** A mesh to which things happen, and what of it may be said at any time. */
class Trial {
  readonly mesh: MemberMesh;
  private readonly names: readonly string[];
  /** Since when everybody is on the side it is on, or stood still, or did not run. */
  private readonly undisturbedSince = new Map<string, number>();
  private sides: readonly (readonly string[])[];
  private oneWay = false;

  constructor(count: number, seed: number) {
    this.names = Array.from({ length: count }, (_, at) => String(at + 1));
    this.sides = [this.names];
    this.mesh = MemberMesh.of(this.names, { seed, loss: 0.01 });
    this.mesh.run(2_000);
  }

  apply({ what, who, other, thenMs }: Fault): void {
    const name = this.names[who % this.names.length] ?? '';
    this.disturb(what, name, who, this.names[other % this.names.length] ?? '');
    for (let passed = 0; passed < thenMs; passed += 250) {
      this.mesh.run(Math.min(250, thenMs - passed));
      this.check();
    }
  }

  /** Ends all faults; then everybody has to find everybody. */
  recover(): void {
    this.mesh.heal();
    for (const name of this.names) if (!this.mesh.get(name).isRunning) this.mesh.get(name).restart();
    const ms = this.mesh.until(() => this.isWell(), 30_000);
    expect(ms).toBeLessThan(30_000);
  }

  private disturb(what: Fault['what'], name: string, bits: number, other: string): void {
    const agent = this.mesh.get(name);
    if (what === 'split') return this.split(bits);
    if (what === 'heal') return this.split(0);
    if (what === 'one-way') {
      this.oneWay = true;
      return this.mesh.cut(name, other);
    }
    if (what === 'restart' && !agent.isRunning) agent.restart();
    if (what === 'crash' && agent.isRunning) agent.crash();
    if (what === 'stop' && agent.isRunning) agent.stop();
    if (what === 'stall' && agent.isRunning) agent.stall(5_000);
    this.undisturbedSince.set(name, this.mesh.nowMs + (what === 'stall' ? 5_000 : 0));
  }

  private split(bits: number): void {
    this.mesh.heal();
    this.oneWay = false;
    const isLeft = (_: string, at: number): boolean => (bits & (1 << at)) === 0;
    this.sides = [this.names.filter(isLeft), this.names.filter((name, at) => !isLeft(name, at))];
    this.mesh.partition(...this.sides);
    for (const name of this.names) this.undisturbedSince.set(name, this.mesh.nowMs);
  }

  /** Whatever happened: no verdict in a minority, and none about who runs well and can be reached. */
  private check(): void {
    for (const agent of this.running()) {
      const side = this.sides.find((names) => names.includes(agent.name)) ?? [];
      for (const name of side) {
        if (name === agent.name || this.oneWay || !this.isWellFor(name, 10_000) || !this.isWellFor(agent.name, 10_000))
          continue;
        expect([agent.name, name, agent.state(name)]).not.toEqual([agent.name, name, 'dead']);
      }
    }
  }

  private isWellFor(name: string, ms: number): boolean {
    return this.mesh.get(name).isRunning && this.mesh.nowMs - (this.undisturbedSince.get(name) ?? 0) > ms;
  }

  private running(): MeshAgent[] {
    return [...this.mesh.agents.values()].filter(({ isRunning }) => isRunning);
  }

  private isWell(): boolean {
    const hashes = this.names.map((name) => String(this.mesh.get(name).members.summaryHash()));
    if (new Set(hashes).size > 1) return false;
    return this.names.every((name) => {
      const agent = this.mesh.get(name);
      const isAlive = this.names.every((other) => other === name || agent.state(other) === 'alive');
      return isAlive && !agent.members.protectedMode().active;
    });
  }
}

test('whatever happens, nobody is dead who runs and can be reached, and in the end everybody finds everybody', () => {
  assert(
    property(integer({ min: 2, max: 9 }), integer(), array(anyFault, { maxLength: 8 }), (count, seed, faults) => {
      const trial = new Trial(count, seed);
      for (const fault of faults) trial.apply(fault);
      trial.recover();
    }),
    { numRuns: 40 },
  );
});

test('who was never in a majority never expires anybody', () => {
  assert(
    property(integer({ min: 4, max: 9 }), integer(), integer({ min: 1, max: 120_000 }), (count, seed, ms) => {
      const names = Array.from({ length: count }, (_, at) => String(at + 1));
      const mesh = MemberMesh.of(names, { seed, loss: 0.02 });
      mesh.run(2_000);
      const few = names.slice(0, Math.floor(count / 2));
      mesh.partition(few, names.slice(few.length));
      mesh.run(ms);
      for (const name of few) {
        expect(mesh.get(name).members.counters()).toMatchObject({ deathsHard: 0, deathsSilence: 0 });
      }
    }),
    { numRuns: 15 },
  );
});

function disturbed(seed: number): unknown {
  const mesh = MemberMesh.of(['1', '2', '3', '4', '5'], { seed, loss: 0.1 });
  mesh.run(5_000);
  mesh.get('2').crash();
  mesh.partition(['1'], ['3', '4', '5']);
  mesh.run(20_000);
  return [...mesh.agents.values()].map(({ notices, sent, documents }) => [notices, sent, [...documents]]);
}

test('the same seed gives the same messages', () => {
  expect(disturbed(7)).toEqual(disturbed(7));
});
