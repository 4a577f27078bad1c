import { beforeEach, describe, expect, test } from 'vitest';
import type { ServiceEndpoint } from '../model/index.js';
import { FakeClock } from '../testing/fake-clock.js';
import { sampleEndpoint, sampleEndpoints } from '../testing/sample-endpoints.js';
import { seededRandom } from '../testing/seeded-random.js';
import type { Balancer, PickHint } from './balancer.js';
import type { BalancerEvent } from './events.js';
import { type BalancerOptions, createBalancer, endpointKey, type Policy } from './index.js';

let clock: FakeClock;
let events: BalancerEvent[];

beforeEach(() => {
  clock = new FakeClock();
  events = [];
});

function balancerOf(endpoints: readonly ServiceEndpoint[], options: Partial<BalancerOptions> = {}): Balancer {
  const balancer = createBalancer({
    clock,
    random: seededRandom(1),
    onEvent: (event) => events.push(event),
    ...options,
  });
  balancer.update({ endpoints });
  return balancer;
}

function idOf(balancer: Balancer, hint?: PickHint): string {
  const pick = balancer.pick(hint);
  if (pick.type === 'none') throw pick.error;
  pick.done();
  return pick.endpoint.id;
}

function shares(balancer: Balancer, picks: number, hint?: PickHint): Map<string, number> {
  const counts = new Map<string, number>();
  for (let n = 0; n < picks; n++) {
    const id = idOf(balancer, hint);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

const fail = (balancer: Balancer, kind?: 'connect'): string => {
  const pick = balancer.pick();
  if (pick.type === 'none') throw pick.error;
  pick.done({ ok: false, kind });
  return pick.endpoint.id;
};

function reasons(balancer: Balancer): Record<string, string> {
  return Object.fromEntries(balancer.explain().map(({ endpoint, reason }) => [endpoint.id, reason]));
}

describe('what there is to choose', () => {
  test('not known yet, none, none usable, and closed are told apart', () => {
    const balancer = createBalancer({ clock, random: seededRandom(1) });
    expect(balancer.pick()).toMatchObject({ type: 'none', error: { code: 'NOT_READY' } });
    balancer.update({ endpoints: [] });
    expect(balancer.pick()).toMatchObject({ type: 'none', error: { code: 'NO_ENDPOINTS' } });
    balancer.update({ endpoints: [sampleEndpoint({ status: 'maintenance' })] });
    const { error } = balancer.pick() as { error: Error };
    expect(error.message).toBe('balancer: none of the 1 instances of api may be used: explain() says why for each');
    balancer.close();
    expect(balancer.pick()).toMatchObject({ type: 'none', error: { code: 'CLOSED' } });
  });

  test('draining and never-ready endpoints are not used even when nobody else is there', () => {
    const balancer = balancerOf([
      sampleEndpoint({ id: 'draining', status: 'maintenance' }),
      sampleEndpoint({ id: 'unready', status: 'critical' }),
    ]);
    expect(balancer.pick().type).toBe('none');
    expect(reasons(balancer)).toEqual({
      draining: 'in maintenance: draining',
      unready: 'critical, and never seen ready',
    });
  });

  test('the same endpoint told twice is one', () => {
    const balancer = balancerOf([sampleEndpoint(), sampleEndpoint()]);
    expect(balancer.explain()).toHaveLength(1);
  });

  test('weight 0 is used only where nobody has more', () => {
    const [a, b] = sampleEndpoints(2, (at) => ({ weight: at })) as [ServiceEndpoint, ServiceEndpoint];
    const balancer = balancerOf([a, b]);
    expect(shares(balancer, 10)).toEqual(new Map([['api-1', 10]]));
    expect(reasons(balancer)['api-0']).toBe('weight 0 while others have more');
    balancer.update({ endpoints: [a, { ...b, status: 'maintenance' }] });
    expect(shares(balancer, 10)).toEqual(new Map([['api-0', 10]]));
  });
});

describe('done', () => {
  test('counts once, and works without its object', () => {
    const balancer = balancerOf(sampleEndpoints(1));
    const pick = balancer.pick();
    if (pick.type === 'none') throw pick.error;
    const { done } = pick;
    expect(balancer.explain()[0]?.inflight).toBe(1);
    done();
    done({ ok: false });
    pick.done();
    expect(balancer.explain()[0]?.inflight).toBe(0);
  });

  test('omitted: the latency is the time since the pick; told: what is told; nonsense: as omitted', async () => {
    const balancer = balancerOf(sampleEndpoints(1));
    for (const [told, seen] of [
      [undefined, 40],
      [90, 90],
      [Number.NaN, 90],
    ] as const) {
      const pick = balancer.pick();
      if (pick.type === 'none') throw pick.error;
      await clock.advance(40);
      pick.done(told === undefined ? undefined : { ok: true, latencyMs: told });
      expect(balancer.explain()[0]?.latencyMs).toBeLessThanOrEqual(seen);
      expect(balancer.explain()[0]?.latencyMs).toBeGreaterThanOrEqual(40);
    }
  });

  test('of an endpoint that left does nothing to others', () => {
    const [a, b] = sampleEndpoints(2) as [ServiceEndpoint, ServiceEndpoint];
    const balancer = balancerOf([a]);
    const pick = balancer.pick();
    balancer.update({ endpoints: [b] });
    if (pick.type === 'endpoint') pick.done({ ok: false, kind: 'connect' });
    expect(balancer.explain()).toMatchObject([{ inflight: 0, eligible: true }]);
    expect(events).toEqual([]);
  });

  test('never called: the endpoint is back in use after half a minute, and counted free after ten', async () => {
    const balancer = balancerOf(sampleEndpoints(2));
    const leaked = balancer.pick();
    if (leaked.type === 'none') throw leaked.error;
    const entry = () => balancer.explain().find(({ endpoint }) => endpoint.id === leaked.endpoint.id);
    await clock.advance(20_000);
    expect(entry()?.score).toBeGreaterThan(20_000);
    await clock.advance(11_000);
    expect(entry()?.score).toBeLessThan(10);
    expect(entry()?.inflight).toBe(1);
    await clock.advance(600_000);
    expect(entry()?.inflight).toBe(0);
    leaked.done();
    expect(entry()?.inflight).toBe(0);
    expect(shares(balancer, 100).get(leaked.endpoint.id)).toBeGreaterThanOrEqual(20);
  });
});

describe('update', () => {
  test('keeps what was learnt about those who stay, and takes their new fields', async () => {
    const endpoints = sampleEndpoints(3);
    const balancer = balancerOf(endpoints);
    const held = balancer.pick();
    if (held.type === 'none') throw held.error;
    await clock.advance(25);
    const key = endpointKey(held.endpoint);
    balancer.update({ endpoints: endpoints.map((endpoint) => ({ ...endpoint, tags: ['new'] })).toReversed() });
    const after = balancer.explain().find(({ endpoint }) => endpointKey(endpoint) === key);
    expect(after).toMatchObject({ inflight: 1, endpoint: { tags: ['new'] } });
    held.done();
    balancer.update({ endpoints });
    expect(balancer.explain().find(({ endpoint }) => endpointKey(endpoint) === key)?.latencyMs).toBeCloseTo(25);
  });
});

describe('retries', () => {
  test.each(['adaptive', 'round-robin', 'maglev'])(
    '%s leaves out who was tried, while others may be used',
    (policy) => {
      const endpoints = sampleEndpoints(3);
      const balancer = balancerOf(endpoints, { policy });
      const exclude = new Set(endpoints.slice(0, 2).map(endpointKey));
      expect(shares(balancer, 20, { exclude })).toEqual(new Map([['api-2', 20]]));
      exclude.add(endpointKey(endpoints[2] as ServiceEndpoint));
      expect(['api-0', 'api-1', 'api-2']).toContain(idOf(balancer, { exclude }));
    },
  );

  test('go to a farther zone when all of this one were tried', () => {
    const endpoints = sampleEndpoints(3, (at) => ({ locality: { region: 'r', zone: at < 2 ? 'a' : 'b' } }));
    const balancer = balancerOf(endpoints, { locality: { region: 'r', zone: 'a' } });
    expect(shares(balancer, 50).has('api-2')).toBe(false);
    expect(idOf(balancer, { exclude: new Set(endpoints.slice(0, 2).map(endpointKey)) })).toBe('api-2');
  });
});

describe('ejection', () => {
  test('a failed connect ejects at once, and time gives the endpoint back', async () => {
    const balancer = balancerOf(sampleEndpoints(2));
    const dead = fail(balancer, 'connect');
    expect(events).toMatchObject([{ type: 'ejected', cause: 'nobody answered a connect', forMs: 30_000 }]);
    expect(reasons(balancer)[dead]).toBe('ejected for 30 s: nobody answered a connect');
    expect(shares(balancer, 20).has(dead)).toBe(false);
    await clock.advance(30_000);
    expect(shares(balancer, 20).has(dead)).toBe(true);
    expect(events.at(-1)).toMatchObject({ type: 'restored', endpoint: { id: dead } });
  });

  test('five failures in a row eject, four do not', () => {
    const balancer = balancerOf(sampleEndpoints(1), { policy: 'random' });
    for (let n = 0; n < 4; n++) fail(balancer);
    idOf(balancer);
    for (let n = 0; n < 4; n++) fail(balancer);
    expect(events).toEqual([]);
    fail(balancer);
    expect(events).toMatchObject([{ type: 'ejected', cause: '5 failures in a row' }, { type: 'panic' }]);
  });

  test('never more than a tenth, and always one', () => {
    const balancer = balancerOf(sampleEndpoints(20), { policy: 'round-robin' });
    for (let n = 0; n < 20; n++) fail(balancer, 'connect');
    expect(events.filter(({ type }) => type === 'ejected')).toHaveLength(2);
    const small = balancerOf(sampleEndpoints(2), { policy: 'round-robin' });
    events = [];
    for (let n = 0; n < 20; n++) fail(small, 'connect');
    expect(events.filter(({ type }) => type === 'ejected')).toHaveLength(1);
  });

  test('can be turned off', () => {
    const balancer = balancerOf(sampleEndpoints(2), { ejection: false });
    for (let n = 0; n < 20; n++) fail(balancer, 'connect');
    expect(events).toEqual([]);
  });
});

describe('the default policy', () => {
  test('shares sequential requests between equals', () => {
    for (const [, count] of shares(balancerOf(sampleEndpoints(2)), 100)) expect(count).toBeGreaterThanOrEqual(20);
  });

  test('is said by name', () => {
    expect(balancerOf([]).policy).toBe('adaptive');
  });
});

describe('options', () => {
  test.each([
    [{ policy: 'fastest' }, /^balancer: policy must be one of adaptive, round-robin/],
    [{ policy: {} as Policy }, /policy must be a name, or an object/],
    [{ overprovisioning: 0.5 }, /overprovisioning must be a number 1 or more/],
    [{ overprovisioning: Number.NaN }, /overprovisioning/],
    [{ subset: { size: 0 } }, /subset\.size must be a whole number 1 or more/],
    [{ ejection: { maxShare: 2 } }, /ejection\.maxShare must be a number from 0 to 1/],
    [{ panic: { threshold: -1 } }, /panic\.threshold/],
    [{ panic: { mode: 'half' as 'open' } }, /panic\.mode must be open, closed or shed/],
    [{ slowStart: { aggression: 0 } }, /slowStart\.aggression/],
    [{ subsets: [{ name: 'a', weight: 0, accepts: () => true }] }, /subsets must be given a weight above 0/],
    [{ clock: undefined }, /clock must be a clock/],
  ] as const)('%j is refused by name', (options, message) => {
    const create = () => createBalancer(Object.assign({ clock, random: seededRandom(1) }, options));
    expect(create).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
    );
  });
});
