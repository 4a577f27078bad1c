/** The same faults as in schedules.test.ts, over sockets: client, transport and watch together. */
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { ConsulClient } from '../../../consul/index.js';
import type { EndpointSet, ServiceQuery } from '../../../model/index.js';
import { realClock, realRandom } from '../../../runtime/index.js';
import { FakeClock } from '../../../testing/fake-clock.js';
import { createMisbehavingConsul } from '../../../testing/misbehaving-consul/misbehaving-consul.js';
import { seededRandom } from '../../../testing/seeded-random.js';
import { sameEndpoints } from '../../endpoint-sets.js';
import { SharedWatches } from '../../watch/shared-watches.js';
import { ConsulResolver } from './consul-resolver.js';

const API: ServiceQuery = { service: 'api', onlyPassing: true };

function entry(port: number): object {
  return {
    Node: { Node: 'n1', Address: '10.0.0.1', Datacenter: 'dc1' },
    Service: { ID: `api-${port}`, Service: 'api', Port: port },
    Checks: [],
  };
}

const portsOf = (set: EndpointSet | undefined): string => (set?.endpoints ?? []).map(({ port }) => port).join();

async function until(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 20_000; !holds(); await delay(10)) {
    if (performance.now() > end) throw new Error('it did not come to that');
  }
}

describe('over real connections', () => {
  test.each([1, 2, 4, 5])('seed %i of faults loses nothing and repeats nothing', { timeout: 60_000 }, async (seed) => {
    await using consul = await createMisbehavingConsul({ seed, rate: 0.6, refusedMs: 150 });
    await using client = new ConsulClient({ addresses: consul.address, timeoutMs: 500 });
    const resolver = new ConsulResolver({ client, clock: realClock, random: realRandom });
    await using watches = new SharedWatches({ resolver, clock: realClock });
    const sets: EndpointSet[] = [];
    watches.subscribe(API, (set) => void sets.push(set), { waitMs: 300 });
    const random = seededRandom(seed);
    for (let change = 0; change < 25; change++) {
      consul.setService('api', [entry(1 + Math.floor(random.next() * 3)), entry(100 + change)]);
      await delay(random.next() * 120);
    }
    consul.calm();
    consul.setService('api', [entry(9_999)]);
    await until(() => portsOf(sets.at(-1)) === '9999' && sets.at(-1)?.stale === false);
    for (const [at, set] of sets.entries()) {
      const before = sets[at - 1];
      expect(before?.stale === set.stale && sameEndpoints(before.endpoints, set.endpoints)).toBe(false);
    }
  });

  test('a frozen peer is noticed within 10 s, whatever the wait, and the next address is asked', async () => {
    await using one = await createMisbehavingConsul({ script: [] });
    await using other = await createMisbehavingConsul({ script: [] });
    one.setService('api', [entry(1)]);
    other.setService('api', [entry(2)]);
    const clock = new FakeClock();
    await using client = new ConsulClient({ addresses: [one.address, other.address], clock });
    const resolver = new ConsulResolver({ client, clock, random: realRandom });
    await using watches = new SharedWatches({ resolver, clock });
    const sets: EndpointSet[] = [];
    watches.subscribe(API, (set) => void sets.push(set), { waitMs: 300_000 });
    await until(() => one.requests === 2);
    expect(sets.map(portsOf)).toEqual(['1']);

    one.freeze();
    await clock.advance(9_500);
    await until(() => portsOf(sets.at(-1)) === '2');
    expect(other.requests).toBeGreaterThan(0);
    expect(sets.map(({ stale }) => stale)).toEqual([false, false]);
  });

  test('with nobody else to ask, its set is stale within 10 s', async () => {
    await using consul = await createMisbehavingConsul({ script: [] });
    consul.setService('api', [entry(1)]);
    const clock = new FakeClock();
    await using client = new ConsulClient({ addresses: consul.address, clock });
    const resolver = new ConsulResolver({ client, clock, random: realRandom });
    await using watches = new SharedWatches({ resolver, clock });
    const sets: EndpointSet[] = [];
    watches.subscribe(API, (set) => void sets.push(set), { waitMs: 300_000 });
    await until(() => consul.requests === 2);

    consul.freeze();
    await clock.advance(9_500);
    await until(() => sets.length === 2);
    expect(sets[1]).toMatchObject({ stale: true, error: { code: 'UNAVAILABLE' } });
    expect(portsOf(sets[1])).toBe('1');
  });

  test('a peer that answers probes is left in peace, and few probes are sent', async () => {
    await using consul = await createMisbehavingConsul({ script: [] });
    const clock = new FakeClock();
    await using client = new ConsulClient({ addresses: consul.address, clock });
    const resolver = new ConsulResolver({ client, clock, random: realRandom });
    await using watches = new SharedWatches({ resolver, clock });
    const stale: EndpointSet[] = [];
    for (let service = 0; service < 20; service++) {
      watches.subscribe({ ...API, service: `s${service}` }, (set) => void (set.stale && stale.push(set)));
    }
    await until(() => consul.requests === 40);
    const probed = async (probes: number): Promise<void> => {
      await clock.advance(3_000);
      await until(() => consul.probes === probes);
      await delay(20);
    };
    for (let probes = 1; probes <= 3; probes++) await probed(probes);
    // An answer of any kind is a sign of life.
    await clock.advance(1_000);
    await until(() => consul.leaderLooks === 1);
    await delay(20);
    for (let probes = 4; probes <= 5; probes++) await probed(probes);
    expect(consul.leaderLooks).toBe(1);
    expect(stale).toEqual([]);
  });
});
