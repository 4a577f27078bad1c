/** A watch over DNS that does everything DNS can do, in seeded schedules. */
import { expect, test } from 'vitest';
import { FakeDnsClient } from '../../../test/support/fake-dns-client.js';
import { FakeClock, settle } from '../../testing/fake-clock.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { DnsServiceDiscovery } from './index.js';

const SCHEDULES = 300;
const STEPS = 25;

async function runSchedule(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const below = (bound: number): number => Math.floor(random.next() * bound);
  const client = new FakeDnsClient();
  const clock = new FakeClock();
  const discovery = new DnsServiceDiscovery({ client, clock, random, domainSuffix: 'x', preference: 'ipv4-only' });
  let hosts: number[] = [];
  const publish = (): void => {
    const ttl = below(4) === 0 ? 0 : 1 + below(20);
    const beside = below(2) === 0;
    const addresses = hosts.map((host) => `h${host}.x ${ttl} A 10.0.0.${host}`);
    if (hosts.length === 0) client.tell('SRV web.x', { none: below(2) === 0 ? 'nxdomain' : 'nodata', ttlSeconds: ttl });
    else
      client.tell('SRV web.x', {
        records: hosts.map((host) => `web.x ${ttl} SRV 1 1 80 h${host}.x`),
        beside: beside ? addresses : [],
      });
    for (const [i, host] of hosts.entries()) client.tell(`A h${host}.x`, { records: [addresses[i] as string] });
  };
  const seen: string[] = [];
  const watch = async (): Promise<void> => {
    for await (const { endpoints, stale } of discovery.watchService('web', { interval: 10 }))
      seen.push(
        `${endpoints
          .map((one) => one.address)
          .toSorted()
          .join()}${stale ? ' stale' : ''}`,
      );
  };
  publish();
  const watching = watch();
  for (let step = 0; step < STEPS; step++) {
    switch (below(5)) {
      case 0:
      case 1:
        hosts = [1, 2, 3, 4].filter(() => below(2) === 0);
        publish();
        break;
      case 2:
        client.tell('SRV web.x', { fails: ['SERVFAIL', 'network', 'timeout'][below(3)] as string });
        break;
      case 3:
        client.tell('SRV web.x', 'silent');
        break;
      default:
        client.tell(`A h${1 + below(4)}.x`, { fails: 'SERVFAIL' });
    }
    await clock.advance(below(8_000));
  }
  publish();
  await clock.advance(120_000);
  const last = hosts
    .map((host) => `10.0.0.${host}`)
    .toSorted()
    .join();
  expect(seen.at(-1), `the final state is lost (seed ${seed})`).toBe(last);
  for (const [i, one] of seen.entries()) if (i > 0) expect(one, `twice the same (seed ${seed})`).not.toBe(seen[i - 1]);
  const seconds = clock.now() / 1000;
  expect(client.asked.length, `too many questions (seed ${seed})`).toBeLessThan(seconds * 6);
  await discovery.close();
  await watching;
  await settle();
  expect(clock.pending, `timers left (seed ${seed})`).toBe(0);
}

test(
  `${SCHEDULES} schedules: no lost final state, nothing twice, bounded questions`,
  { timeout: 120_000 },
  async () => {
    for (let seed = 1; seed <= SCHEDULES; seed++) await runSchedule(seed);
  },
);
