import assert from 'node:assert/strict';
import { type Balancer, endpointKey, type Pick } from '../balancer/index.js';
import { isDiscoveryError, type ErrorCode, type ServiceEndpoint } from '../model/index.js';
import type { Random } from '../runtime/index.js';
import { FakeClock } from './fake-clock.js';
import { sampleEndpoint, sampleEndpoints } from './sample-endpoints.js';
import { seededRandom } from './seeded-random.js';

/** Makes a balancer, without endpoints yet, of this clock and this randomness. */
export type PickerSubject = (given: { readonly clock: FakeClock; readonly random: Random }) => Balancer;

export interface PickerCase {
  readonly name: string;
  run(): Promise<void>;
}

/**
 * The exam of every Balancer, and so of every policy, ours and others', for any test framework:
 *
 *   for (const { name, run } of pickerSuite((given) => createBalancer({ ...given, policy: mine }))) test(name, run);
 */
export function pickerSuite(subject: PickerSubject): readonly PickerCase[] {
  return Object.entries(CASES).map(([name, examine]) => ({
    name,
    run: async () => examine(new Exam(subject)),
  }));
}

class Exam {
  readonly clock = new FakeClock();
  readonly balancer: Balancer;

  constructor(
    readonly subject: PickerSubject,
    seed = 1,
  ) {
    this.balancer = subject({ clock: this.clock, random: seededRandom(seed) });
  }

  give(endpoints: readonly ServiceEndpoint[]): void {
    this.balancer.update({ endpoints });
  }

  pick(key?: string, exclude?: ReadonlySet<string>): Extract<Pick, { type: 'endpoint' }> {
    const pick = this.balancer.pick({ key, exclude });
    if (pick.type === 'none') assert.fail(`nobody was chosen: ${pick.error.message}`);
    return pick;
  }

  /** Sequential requests of 5 ms with keys of their own: who got them. */
  async run(times: number, exclude?: ReadonlySet<string>): Promise<string[]> {
    const ids: string[] = [];
    for (let n = 0; n < times; n++) {
      const { endpoint, done } = this.pick(`key-${n}`, exclude);
      await this.clock.advance(5);
      done();
      ids.push(endpoint.id);
    }
    return ids;
  }

  refuses(code: ErrorCode): void {
    const pick = this.balancer.pick();
    assert.ok(pick.type === 'none' && isDiscoveryError(pick.error, code), `not refused with ${code}`);
  }

  inflight(): number {
    return this.balancer.explain().reduce((sum, { inflight }) => sum + inflight, 0);
  }
}

const CASES: Readonly<Record<string, (exam: Exam) => void | Promise<void>>> = {
  'not known yet, nobody there and closed are told apart': (exam) => {
    exam.refuses('NOT_READY');
    exam.give([]);
    exam.refuses('NO_ENDPOINTS');
    exam.give(sampleEndpoints(2));
    exam.balancer.close();
    exam.refuses('CLOSED');
  },

  'a single endpoint gets everything': async (exam) => {
    exam.give(sampleEndpoints(1));
    assert.deepEqual(new Set(await exam.run(20)), new Set(['api-0']));
  },

  'equals all get a part of many requests': async (exam) => {
    exam.give(sampleEndpoints(5));
    const ids = await exam.run(400);
    for (const { id } of sampleEndpoints(5)) {
      const count = ids.filter((other) => other === id).length;
      assert.ok(count >= 20, `${id} got ${count} of 400`);
    }
  },

  'only endpoints of the last set are chosen': async (exam) => {
    const all = sampleEndpoints(8);
    for (const [from, to] of [
      [0, 8],
      [2, 5],
      [4, 8],
      [7, 8],
      [0, 3],
    ] as const) {
      exam.give(all.slice(from, to));
      const known = new Set(all.slice(from, to).map(({ id }) => id));
      for (const id of await exam.run(40)) assert.ok(known.has(id), `${id} is not in the set`);
    }
  },

  'draining and unready ones are not chosen': async (exam) => {
    const [a, b, c] = sampleEndpoints(3) as [ServiceEndpoint, ServiceEndpoint, ServiceEndpoint];
    exam.give([a, { ...b, status: 'maintenance', healthy: false }, { ...c, status: 'critical', healthy: false }]);
    assert.deepEqual(new Set(await exam.run(30)), new Set([a.id]));
    exam.give([sampleEndpoint({ status: 'maintenance' })]);
    exam.refuses('NO_ENDPOINTS');
  },

  'tried ones are left out while others are there': async (exam) => {
    const all = sampleEndpoints(4);
    exam.give(all);
    const tried = new Set<string>();
    for (let n = 0; n < all.length; n++) {
      const { endpoint, done } = exam.pick('one request', tried);
      assert.ok(!tried.has(endpointKey(endpoint)), `${endpoint.id} was tried before`);
      tried.add(endpointKey(endpoint));
      done();
    }
    exam.pick('one request', tried).done();
  },

  'done counts once, with or without its object': (exam) => {
    exam.give(sampleEndpoints(2));
    const pick = exam.pick();
    const { done } = exam.pick();
    assert.equal(exam.inflight(), 2);
    done();
    done({ ok: false });
    pick.done();
    pick.done();
    assert.equal(exam.inflight(), 0);
  },

  'requests that never end keep nobody from choosing': async (exam) => {
    exam.give(sampleEndpoints(3));
    for (let n = 0; n < 300; n++) exam.pick(`key-${n}`);
    await exam.clock.advance(3_600_000);
    const ids = await exam.run(60);
    assert.equal(exam.inflight(), 0, 'what began an hour ago still counts as in flight');
    assert.ok(new Set(ids).size > 1, 'only one is chosen any more');
  },

  'failures of all kinds keep nobody from choosing': async (exam) => {
    exam.give(sampleEndpoints(3));
    for (let n = 0; n < 100; n++) {
      const kind = (['connect', 'timeout', 'response'] as const)[n % 3];
      exam.pick(`key-${n}`).done({ ok: false, kind, error: new Error('failed') });
      await exam.clock.advance(1_000);
    }
    await exam.clock.advance(3_600_000);
    assert.ok(new Set(await exam.run(100)).size > 1, 'only one is chosen after everybody recovered');
  },

  'the same seed and the same calls make the same choices': async (exam) => {
    const ids = async (): Promise<string[]> => {
      const fresh = new Exam(exam.subject, 42);
      fresh.give(sampleEndpoints(6, (at) => ({ weight: 1 + (at % 3) })));
      return fresh.run(60);
    };
    assert.deepEqual(await ids(), await ids());
  },

  'everybody is explained once': async (exam) => {
    const statuses = ['passing', 'warning', 'critical', 'maintenance'] as const;
    exam.give(sampleEndpoints(8, (at) => ({ status: statuses[at % 4] })));
    await exam.run(10);
    const explained = exam.balancer.explain();
    assert.deepEqual(
      explained.map(({ endpoint }) => endpoint.id).sort(),
      sampleEndpoints(8)
        .map(({ id }) => id)
        .sort(),
    );
    for (const { reason } of explained) assert.notEqual(reason, '');
  },
};
