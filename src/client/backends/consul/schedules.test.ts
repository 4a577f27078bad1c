import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import type { HealthEntryFields } from '../../../consul/index.js';
import type { EndpointSet, ServiceQuery } from '../../../model/index.js';
import type { Random } from '../../../runtime/index.js';
import { FakeClock, settle } from '../../../testing/fake-clock.js';
import { FAULTS } from '../../../testing/misbehaving-consul/fault-schedule.js';
import { MisbehavingRead } from '../../../testing/misbehaving-consul/misbehaving-read.js';
import { seededRandom } from '../../../testing/seeded-random.js';
import { sameEndpoints } from '../../endpoint-sets.js';
import { ConsulResolver } from './consul-resolver.js';

const API: ServiceQuery = { service: 'api', onlyPassing: true };
const SCHEDULES = 1_000;
const STORM_MS = 60_000;
/** Within which the last state must be seen once nothing goes wrong any more: a turn's deadline and the longest back-off. */
const CALM_MS = 10_000 * 1.1 + 500 + 10_000;
/** Within which a change is seen in the calm: the pace, when the one before was a moment ago. */
const CHANGE_MS = 1_000;
/** Whatever happens: the burst of all turns, one a second, and the one that begins each span. */
const REQUESTS_IN_10_S = 5 + 10 + 1;

function entriesOf(random: Random): HealthEntryFields[] {
  return [1, 2, 3, 4, 5, 6]
    .filter(() => random.next() < 0.5)
    .map((port) => ({
      Node: { Node: 'n1', Address: '10.0.0.1' },
      Service: { ID: `api-${port}`, Service: 'api', Port: port },
    }));
}

interface Ride {
  /** The state at the end of the storm was seen in time. */
  readonly recovered: boolean;
  readonly trace: readonly string[];
  readonly sets: readonly EndpointSet[];
  readonly last: readonly number[];
  readonly wanted: readonly number[];
  readonly askedAt: readonly number[];
  readonly faults: ReadonlyMap<string, number>;
  readonly timersLeft: number;
  readonly listenersLeft: number;
}

const portsOf = (ports: readonly (number | undefined)[]): number[] =>
  ports.map((port) => port ?? 0).toSorted((a, b) => a - b);

/** A minute of changes while much goes wrong, then calm. */
async function ride(seed: number): Promise<Ride> {
  const random = seededRandom(seed);
  const clock = new FakeClock();
  // Some seeds have every fault, others one or two again and again.
  const share = random.next();
  const faults = FAULTS.filter(() => random.next() < share);
  const rate = 0.2 + 0.8 * random.next();
  const fake = new MisbehavingRead({ clock, random, faults, rate, value: entriesOf(random) });
  const client = { health: { service: (_: string, turn: Parameters<typeof fake.read>[0]) => fake.read(turn) } };
  const resolver = new ConsulResolver({ client, clock, random });
  const abort = new AbortController();
  const trace: string[] = [];
  const sets: EndpointSet[] = [];
  const watching = (async () => {
    for await (const set of resolver.watch(API, abort.signal, { waitMs: 10_000 })) {
      sets.push(set);
      const ports = portsOf(set.endpoints.map(({ port }) => port)).join();
      trace.push(`${clock.now()} ${ports} ${set.index} ${set.indexSpace} ${set.stale}`);
    }
  })();
  while (clock.now() < STORM_MS) {
    await clock.advance(random.next() * 4_000);
    fake.set(entriesOf(random));
  }
  fake.calm();
  await clock.advance(CALM_MS);
  const before = portsOf(sets.at(-1)?.endpoints.map(({ port }) => port) ?? []);
  const wantedBefore = portsOf(fake.value.map(({ Service }) => Service.Port));
  fake.set(entriesOf(random));
  await clock.advance(CHANGE_MS);
  const wanted = portsOf(fake.value.map(({ Service }) => Service.Port));
  const last = portsOf(sets.at(-1)?.endpoints.map(({ port }) => port) ?? []);
  abort.abort();
  await watching;
  await settle();
  return {
    recovered: before.join() === wantedBefore.join(),
    trace: [...trace, ...fake.askedAt.map(String)],
    sets,
    last,
    wanted,
    askedAt: fake.askedAt,
    faults: fake.schedule.counts,
    timersLeft: clock.pending,
    listenersLeft: getEventListeners(abort.signal, 'abort').length,
  };
}

function mostWithin(times: readonly number[], windowMs: number): number {
  let most = 0;
  for (let from = 0, to = 0; to < times.length; to++) {
    while ((times[to] as number) - (times[from] as number) > windowMs) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

test(
  `${SCHEDULES} schedules of faults lose no final state, repeat no set, and ask within bounds`,
  { timeout: 120_000 },
  async () => {
    const dealt = new Set<string>();
    let most = 0;
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const { recovered, sets, last, wanted, askedAt, faults, timersLeft, listenersLeft } = await ride(seed);
      expect(recovered, `seed ${seed}: the state after the storm`).toBe(true);
      expect(last, `seed ${seed}: a change in the calm`).toEqual(wanted);
      expect(sets.at(-1)?.stale, `seed ${seed}: stale at the end`).toBe(false);
      for (const [at, set] of sets.entries()) {
        const before = sets[at - 1];
        const twice = before?.stale === set.stale && sameEndpoints(before.endpoints, set.endpoints);
        expect(twice, `seed ${seed}: set ${at} twice`).toBe(false);
      }
      expect(timersLeft, `seed ${seed}: timers`).toBe(0);
      expect(listenersLeft, `seed ${seed}: listeners`).toBe(0);
      most = Math.max(most, mostWithin(askedAt, 10_000));

      for (const fault of faults.keys()) dealt.add(fault);
    }
    expect(most).toBeLessThanOrEqual(REQUESTS_IN_10_S);
    expect(dealt).toEqual(new Set([...FAULTS, 'none']));
  },
);

test('the same seed gives the same trace', async () => {
  for (const seed of [1, 7, 42, 1_000]) expect((await ride(seed)).trace).toEqual((await ride(seed)).trace);
  expect((await ride(1)).trace).not.toEqual((await ride(2)).trace);
});
