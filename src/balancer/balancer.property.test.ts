import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EndpointStatus, ServiceEndpoint } from '../model/index.js';
import { FakeClock } from '../testing/fake-clock.js';
import { sampleEndpoints } from '../testing/sample-endpoints.js';
import { seededRandom } from '../testing/seeded-random.js';
import { createBalancer, endpointKey, type Pick, policies } from './index.js';

const status = fc.constantFrom<EndpointStatus>('passing', 'passing', 'warning', 'critical', 'maintenance');
const endpoints = fc
  .array(fc.record({ place: fc.nat({ max: 9 }), status, weight: fc.nat({ max: 3 }), zone: fc.nat({ max: 1 }) }), {
    maxLength: 10,
  })
  .map((fields) => {
    const all = sampleEndpoints(10);
    return fields.map(({ place, status, weight, zone }): ServiceEndpoint => ({
      ...(all[place] as ServiceEndpoint),
      status,
      healthy: status === 'passing',
      weight,
      locality: { region: 'r', zone: `z${zone}` },
    }));
  });
const step = fc.oneof(
  fc.record({ do: fc.constant('update' as const), endpoints }),
  fc.record({ do: fc.constant('pick' as const), exclude: fc.nat({ max: 9 }), key: fc.nat({ max: 3 }) }),
  fc.record({
    do: fc.constant('done' as const),
    which: fc.nat(),
    ok: fc.boolean(),
    kind: fc.constantFrom('connect' as const, 'timeout' as const, 'response' as const),
  }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 50, 1_500, 31_000, 700_000) }),
);

/** What must hold of any choice, whatever happened before. */
function check(
  pick: Pick,
  exclude: ReadonlySet<string>,
  before: ReturnType<ReturnType<typeof createBalancer>['explain']>,
): void {
  const eligible = before.filter((entry) => entry.eligible);
  if (pick.type === 'none') return expect(eligible, 'nobody was chosen though somebody may be').toEqual([]);
  const key = endpointKey(pick.endpoint);
  const entry = before.find(({ endpoint }) => endpointKey(endpoint) === key);
  expect(entry, 'not in the present set').toBeDefined();
  expect(entry?.endpoint.status).not.toBe('maintenance');
  if (exclude.size === 0) expect(entry?.eligible, entry?.reason).toBe(true);
  if (eligible.some(({ endpoint }) => !exclude.has(endpointKey(endpoint)))) expect(exclude.has(key)).toBe(false);
}

test.each([...policies.keys()])('%s: whatever the order of updates, picks and ends', (policy) => {
  const property = fc.property(
    fc.array(step, { maxLength: 60 }),
    fc.boolean(),
    fc.constantFrom('open' as const, 'closed' as const),
    (steps, local, mode) => {
      const clock = new FakeClock();
      const balancer = createBalancer({
        policy,
        clock,
        random: seededRandom(7),
        panic: { mode },
        ...(local ? { locality: { region: 'r', zone: 'z0' } } : {}),
      });
      balancer.update({ endpoints: sampleEndpoints(3) });
      const open: Extract<Pick, { type: 'endpoint' }>[] = [];
      for (const step of steps) {
        if (step.do === 'update') balancer.update(step);
        if (step.do === 'wait') clock.stall(step.ms);
        if (step.do === 'done') open[step.which % Math.max(1, open.length)]?.done({ ok: step.ok, kind: step.kind });
        if (step.do !== 'pick') continue;
        const tried = balancer.explain()[step.exclude]?.endpoint;
        const exclude = new Set(tried ? [endpointKey(tried)] : []);
        const before = balancer.explain();
        const pick = balancer.pick({ key: `key-${step.key}`, exclude });
        if (pick.type === 'endpoint') open.push(pick);
        check(pick, exclude, before);
      }
      for (const pick of open) pick.done();
      for (const { inflight } of balancer.explain()) expect(inflight).toBe(0);
    },
  );
  fc.assert(property, { numRuns: policy === 'maglev' ? 15 : 80 });
});
