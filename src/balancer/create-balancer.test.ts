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

  test('cancelled: the endpoint is free again, and nothing is learnt about it', async () => {
    const balancer = balancerOf([sampleEndpoint({ id: 'a' })]);
    const before = balancer.explain()[0];
    const pick = balancer.pick();
    await clock.advance(5_000);
    expect(balancer.explain()[0]).toMatchObject({ inflight: 1 });
    if (pick.type === 'endpoint') pick.done({ ok: true, latencyMs: 5_000, kind: 'cancelled' });
    expect(balancer.explain()[0]).toEqual(before);
  });

  test.each([
    ['a success', { ok: true }, 0],
    ['a cancelled request', { ok: true, kind: 'cancelled' }, 2],
  ] as const)('after %s, does the next failure eject what is on probation', async (_what, outcome, ejectedAgain) => {
    const balancer = balancerOf(sampleEndpoints(2), { policy: 'round-robin', ejection: { maxShare: 1 } });
    fail(balancer, 'connect');
    fail(balancer, 'connect');
    await clock.advance(30_001);
    events.length = 0;
    for (let n = 0; n < 2; n++) {
      const pick = balancer.pick();
      if (pick.type === 'endpoint') pick.done(outcome);
    }
    for (let n = 0; n < 2; n++) fail(balancer);
    const ejected = events.filter(({ type }) => type === 'ejected').length;
    expect(ejected).toBe(ejectedAgain);
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

describe('health', () => {
  test('warning ones are used for what the passing cannot carry', () => {
    const statuses = ['passing', 'passing', 'warning', 'warning'] as const;
    const balancer = balancerOf(
      sampleEndpoints(4, (at) => ({ status: statuses[at] })),
      { policy: 'random' },
    );
    const counts = shares(balancer, 4_000);
    const passing = (counts.get('api-0') ?? 0) + (counts.get('api-1') ?? 0);
    expect(passing / 4_000).toBeGreaterThan(0.67);
    expect(passing / 4_000).toBeLessThan(0.73);
  });

  test('one warning of many gets nothing, and is said why', () => {
    const balancer = balancerOf(sampleEndpoints(10, (at) => ({ status: at === 0 ? 'warning' : 'passing' })));
    expect(shares(balancer, 200).has('api-0')).toBe(false);
    expect(reasons(balancer)['api-0']).toBe('warning: used when the healthy do not suffice');
  });
});

describe('localities', () => {
  const zones = ['a', 'a', 'b', 'b'];
  const endpoints = (ready: readonly boolean[]): readonly ServiceEndpoint[] =>
    sampleEndpoints(4, (at) => ({
      locality: { region: 'eu', zone: zones[at] as string },
      status: ready[at] === true ? 'passing' : 'critical',
    }));

  test('the own zone gets everything while it can carry it, and 70 % when half of it is gone', () => {
    const balancer = balancerOf(endpoints([true, true, true, true]), {
      policy: 'random',
      locality: { region: 'eu', zone: 'a' },
    });
    expect([...shares(balancer, 100).keys()].sort()).toEqual(['api-0', 'api-1']);
    expect(reasons(balancer)).toMatchObject({
      'api-0': 'passing; same zone',
      'api-2': 'same region, other zone: not needed at present',
    });
    balancer.update({ endpoints: endpoints([true, false, true, true]) });
    const share = (shares(balancer, 4_000).get('api-0') ?? 0) / 4_000;
    expect(share).toBeGreaterThan(0.67);
    expect(share).toBeLessThan(0.73);
    expect(reasons(balancer)['api-1']).toBe('critical');
  });
});

describe('panic', () => {
  const before = sampleEndpoints(10);
  const after = sampleEndpoints(10, (at) => ({ status: at < 6 ? 'critical' : 'passing' }));
  const inPanic = (mode: 'open' | 'closed' | 'shed'): Balancer => {
    const balancer = balancerOf([...before, sampleEndpoint({ id: 'draining', port: 1, status: 'maintenance' })], {
      policy: 'random',
      panic: { mode },
    });
    balancer.update({
      endpoints: [
        ...after,
        sampleEndpoint({ id: 'draining', port: 1, status: 'maintenance' }),
        sampleEndpoint({ id: 'new', port: 2, status: 'critical' }),
      ],
    });
    return balancer;
  };

  test('open: everybody who was ever ready and is not draining is used', () => {
    const balancer = inPanic('open');
    expect(events).toEqual([{ type: 'panic', active: true, usable: 4, total: 10 }]);
    expect([...shares(balancer, 500).keys()].sort()).toEqual(before.map(({ id }) => id));
    expect(reasons(balancer)['api-0']).toBe('critical; panic: only 4 of 10 are healthy');
    balancer.update({ endpoints: before });
    expect(events.at(-1)).toMatchObject({ type: 'panic', active: false });
  });

  test('closed: nobody is', () => {
    const balancer = inPanic('closed');
    const pick = balancer.pick();
    expect(pick).toMatchObject({ type: 'none', error: { code: 'NO_ENDPOINTS', details: { panic: true } } });
    expect(reasons(balancer)['api-9']).toBe('too few are healthy: all requests are refused');
  });

  test('shed: the healthy get what they can carry, 1.4 × their share', () => {
    const balancer = inPanic('shed');
    const picks = Array.from({ length: 5_000 }, () => balancer.pick());
    const chosen = picks.filter((pick) => pick.type === 'endpoint');
    expect(chosen.length / 5_000).toBeGreaterThan(0.53);
    expect(chosen.length / 5_000).toBeLessThan(0.59);
    expect(new Set(chosen.map(({ endpoint }) => endpoint.status))).toEqual(new Set(['passing']));
  });

  test('half of them healthy is not panic', () => {
    const balancer = balancerOf(before);
    balancer.update({ endpoints: sampleEndpoints(10, (at) => ({ status: at < 5 ? 'critical' : 'passing' })) });
    expect(events).toEqual([]);
    expect(shares(balancer, 200).has('api-0')).toBe(false);
  });
});

describe('slow start', () => {
  test('a new endpoint beside older ones begins with a tenth, and gets its share after the window', async () => {
    const balancer = balancerOf(sampleEndpoints(4), { policy: 'weighted-round-robin' });
    await clock.advance(60_000);
    balancer.update({ endpoints: sampleEndpoints(5) });
    expect(shares(balancer, 410).get('api-4')).toBeLessThanOrEqual(11);
    expect(reasons(balancer)['api-4']).toBe('passing; slow start at 10 % of its weight');
    await clock.advance(5_000);
    const half = shares(balancer, 450).get('api-4') as number;
    expect(half).toBeGreaterThan(44);
    expect(half).toBeLessThan(56);
    await clock.advance(5_000);
    expect(shares(balancer, 500).get('api-4')).toBeGreaterThan(95);
  });

  test('nobody starts slowly when all are new', () => {
    const balancer = balancerOf([]);
    balancer.update({ endpoints: sampleEndpoints(3) });
    expect(Object.values(reasons(balancer))).toEqual(['passing', 'passing', 'passing']);
  });
});

describe('version subsets', () => {
  const versions = sampleEndpoints(4, (at) => ({ metadata: { version: at === 0 ? '2' : '1' } }));
  const subsets = [
    { name: 'canary', weight: 5, accepts: ({ metadata }: ServiceEndpoint) => metadata['version'] === '2' },
    { name: 'stable', weight: 95, accepts: ({ metadata }: ServiceEndpoint) => metadata['version'] === '1' },
  ];

  test('get their shares, and a key always sees the same version', () => {
    const balancer = balancerOf(versions, { subsets });
    const canary = (shares(balancer, 20_000).get('api-0') ?? 0) / 20_000;
    expect(canary).toBeGreaterThan(0.045);
    expect(canary).toBeLessThan(0.055);
    for (let n = 0; n < 50; n++) {
      const seen = new Set(Array.from({ length: 10 }, () => idOf(balancer, { key: `user-${n}` }) === 'api-0'));
      expect(seen.size).toBe(1);
    }
  });

  test('a canary that is ejected gives its share away', () => {
    const balancer = balancerOf(versions, { subsets });
    for (let n = 0; n < 1_000 && events.length === 0; n++) {
      const pick = balancer.pick();
      if (pick.type === 'endpoint') pick.done({ ok: pick.endpoint.id !== 'api-0' });
    }
    expect(events).toMatchObject([{ type: 'ejected', endpoint: { id: 'api-0' } }]);
    expect(shares(balancer, 500).has('api-0')).toBe(false);
  });

  test('who is in none is not used', () => {
    const balancer = balancerOf(versions, { subsets: subsets.slice(1) });
    expect(reasons(balancer)['api-0']).toBe('in no version subset');
    expect(shares(balancer, 50).has('api-0')).toBe(false);
  });
});

describe('the client’s own subset', () => {
  const many = sampleEndpoints(100);
  const chosenBy = (seed: string, endpoints = many): Set<string> =>
    new Set(shares(balancerOf(endpoints, { subset: { seed } }), 300).keys());

  test('is 10 of many, other ones for other clients, and the same for the same seed', () => {
    expect(chosenBy('a').size).toBe(10);
    expect(chosenBy('a')).toEqual(chosenBy('a', many.toReversed()));
    expect(chosenBy('a')).not.toEqual(chosenBy('b'));
    expect(Object.values(reasons(balancerOf(many)))).toContain("outside this client's subset");
  });

  test('changes by one when one goes', () => {
    const before = chosenBy('a');
    const [gone] = before;
    const after = chosenBy(
      'a',
      many.filter(({ id }) => id !== gone),
    );
    expect([...before].filter((id) => !after.has(id))).toEqual([gone]);
    expect(after.size).toBe(10);
  });

  test('spreads clients over all endpoints', () => {
    const used = new Map<string, number>();
    for (let client = 0; client < 200; client++) {
      for (const id of chosenBy(`client-${client}`)) used.set(id, (used.get(id) ?? 0) + 1);
    }
    expect(used.size).toBe(100);
    expect(Math.max(...used.values())).toBeLessThan(40);
  });

  test('grows with the requests in flight, to two members for each', async () => {
    const balancer = balancerOf(many);
    for (let n = 0; n < 30; n++) balancer.pick();
    await clock.advance(1_000);
    balancer.pick();
    await clock.advance(1_000);
    balancer.pick();
    expect(balancer.explain().filter(({ eligible }) => eligible).length).toBeGreaterThanOrEqual(40);
  });
});
