import { afterEach, describe, expect, test } from 'vitest';
import { FakeDnsClient } from '../../../test/support/fake-dns-client.js';
import type { Told } from '../../../test/support/fake-dns-client.js';
import { FakeClock, settle } from '../../testing/fake-clock.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { DnsServiceDiscovery } from './index.js';
import type { DnsConfig, DnsEndpointSet } from './index.js';

const worlds: DnsServiceDiscovery[] = [];
afterEach(() => Promise.all(worlds.splice(0).map((one) => one.close())));

function world(config: DnsConfig = {}) {
  const client = new FakeDnsClient();
  const clock = new FakeClock();
  const discovery = new DnsServiceDiscovery({
    client,
    clock,
    random: seededRandom(1),
    domainSuffix: 'example.org',
    ...config,
  });
  worlds.push(discovery);
  const tell = (ttl: number, ...hosts: number[]): void => void client.tell('SRV web.example.org', srv(ttl, ...hosts));
  return { client, clock, discovery, tell };
}

/** Hosts 10.0.0.1 to 10.0.0.n, in a new order every time, as servers do it. */
function srv(ttl: number, ...hosts: number[]): Told {
  return {
    records: hosts.map((host) => `web.example.org ${ttl} SRV 1 1 80 h${host}.example.org`),
    beside: hosts.map((host) => `h${host}.example.org ${ttl} A 10.0.0.${host}`),
  };
}

/** Takes what a watch gives, as it comes. */
function collect(sets: AsyncIterable<DnsEndpointSet>): { readonly seen: string[]; readonly ended: Promise<unknown> } {
  const seen: string[] = [];
  const run = async (): Promise<void> => {
    for await (const set of sets) seen.push(textOf(set));
  };
  return { seen, ended: run().catch((error: unknown) => error) };
}

function textOf({ endpoints, stale }: DnsEndpointSet): string {
  const hosts = endpoints.map(
    ({ address, status }) => `${address.slice(7)}${status === 'passing' ? '' : ` ${status}`}`,
  );
  return `${hosts.toSorted().join(',')}${stale ? ' stale' : ''}`;
}

describe('a watch', () => {
  test('looks again when the TTL is over, and tells what changed', async () => {
    const { client, clock, discovery, tell } = world();
    tell(10, 1, 2);
    const { seen } = collect(discovery.watchService('web'));
    await settle();
    expect(seen).toEqual(['1,2']);
    tell(10, 2, 1);
    await clock.advance(10_000);
    expect(client.count('SRV web.example.org')).toBe(2);
    tell(10, 2, 3);
    await clock.advance(9_999);
    expect(seen).toEqual(['1,2']);
    await clock.advance(1);
    expect(seen).toEqual(['1,2', '2,3']);
  });

  test('looks again when the interval is over, whatever the TTL', async () => {
    const { client, clock, discovery, tell } = world({ cacheTtl: 3600 });
    tell(3600, 1);
    const { seen } = collect(discovery.watchService('web', { interval: 5 }));
    await settle();
    await clock.advance(60_000);
    expect(seen).toEqual(['1']);
    // The cache still believes what it has: nobody was asked.
    expect(client.count('SRV web.example.org')).toBe(1);
  });

  test('asks once a second for a TTL of 0', async () => {
    const { client, clock, discovery, tell } = world();
    tell(0, 1);
    collect(discovery.watchService('web'));
    await clock.advance(10_000);
    expect(client.count('SRV web.example.org')).toBe(11);
  });

  test('has the last set once more, stale, while nobody can be asked, and goes on', async () => {
    const { client, clock, discovery, tell } = world();
    tell(5, 1);
    const errors: string[] = [];
    const watch = discovery.watchService('web', { onError: (error) => errors.push(error.message) });
    const { seen } = collect(watch);
    await settle();
    client.tell('SRV web.example.org', { fails: 'network' });
    await clock.advance(120_000);
    expect(seen).toEqual(['1', '1 stale']);
    expect(errors.length).toBeGreaterThan(2);
    tell(5, 1);
    await clock.advance(60_000);
    expect(seen).toEqual(['1', '1 stale', '1']);
  });

  test('says nothing until somebody could be asked', async () => {
    const { client, clock, discovery, tell } = world();
    client.tell('SRV web.example.org', { fails: 'SERVFAIL' });
    const errors: Error[] = [];
    const { seen } = collect(discovery.watchService('web', { onError: (error) => errors.push(error) }));
    await clock.advance(10_000);
    expect(seen).toEqual([]);
    expect(errors[0]).toMatchObject({ code: 'UNAVAILABLE', details: { dns: 'SERVFAIL' } });
    tell(5);
    client.tell('SRV web.example.org', { none: 'nxdomain' });
    await clock.advance(30_000);
    expect(seen).toEqual(['']);
  });

  test('sees a service come that did not exist', async () => {
    const { clock, discovery, tell } = world();
    const { seen } = collect(discovery.watchService('web'));
    await clock.advance(3_000);
    tell(5, 1);
    await clock.advance(1_000);
    expect(seen).toEqual(['', '1']);
  });

  test.each([
    ['what cannot be in a name', 'a b', {}, 'INVALID_ARGUMENT'],
    ['what names below the suffix have no place for', 'web', { tag: 'v1' }, 'UNSUPPORTED'],
  ])('ends with the error for %s', async (_, name, options, code) => {
    const { discovery } = world();
    expect(await collect(discovery.watchService(name, options)).ended).toMatchObject({ code });
    await expect(discovery.watchService(name, () => {}, options)).rejects.toMatchObject({ code });
  });

  test('ends without one when its signal aborts, when it is left and when discovery is closed', async () => {
    const { clock, discovery, tell } = world();
    tell(30, 1);
    const controller = new AbortController();
    const [one, other] = [discovery.watchService('web', { signal: controller.signal }), discovery.watchService('web')];
    const [first, second] = [collect(one), collect(other)];
    const third = discovery.watchService('web', () => {});
    await settle();
    controller.abort();
    expect(await first.ended).toBeUndefined();
    await other.return();
    expect(await second.ended).toBeUndefined();
    await discovery.close();
    await third;
    expect(clock.pending).toBe(0);
  });

  test('that nobody reads asks nobody', async () => {
    const { client, clock, discovery, tell } = world();
    tell(0, 1);
    const sets = discovery.watchService('web');
    await sets.next();
    await clock.advance(60_000);
    expect(client.count('SRV web.example.org')).toBe(1);
  });

  test('has only what fulfils the filter', async () => {
    const { client, clock, discovery, tell } = world({ metadata: 'target' });
    tell(5, 1, 2);
    client.tell('TXT h1.example.org', { records: ['h1.example.org 5 TXT "version=1"'] });
    client.tell('TXT h2.example.org', { records: ['h2.example.org 5 TXT "version=2"'] });
    const { seen } = collect(discovery.watchService('web', { metadata: { version: '2' } }));
    await settle();
    client.tell('TXT h1.example.org', { records: ['h1.example.org 5 TXT "version=2"'] });
    await clock.advance(5_000);
    expect(seen).toEqual(['2', '1,2']);
  });
});

describe('a callback', () => {
  test('is awaited before the next, and given the interval in seconds', async () => {
    const { clock, discovery, tell } = world();
    tell(0, 1);
    const seen: string[] = [];
    let release: (() => void) | undefined;
    void discovery.watchService(
      'web',
      async (endpoints, set) => {
        seen.push(textOf(set));
        expect(endpoints).toBe(set.endpoints);
        await new Promise<void>((resolve) => void (release = resolve));
      },
      0.5,
    );
    await settle();
    tell(0, 2);
    await clock.advance(5_000);
    tell(0, 3);
    expect(seen).toEqual(['1']);
    release?.();
    await settle();
    expect(seen).toEqual(['1', '3']);
  });

  test('that throws is reported, and called again', async () => {
    const { clock, discovery, tell } = world();
    tell(1, 1);
    const errors: Error[] = [];
    let calls = 0;
    const watch = discovery.watchService(
      'web',
      () => {
        calls += 1;
        throw new Error(`call ${calls}`);
      },
      { onError: (error) => void errors.push(error) },
    );
    await settle();
    tell(1, 2);
    await clock.advance(1_000);
    expect(errors.map((error) => error.message)).toEqual(['call 1', 'call 2']);
    await discovery.close();
    await watch;
  });
});

function tracked(more: DnsConfig = {}) {
  const down = new Set<string>();
  const tried: string[] = [];
  const made = world({
    healthCheck: { intervalMs: 10_000, failuresBeforeCritical: 2 },
    reach: async (address, port) => {
      tried.push(`${address}:${port}`);
      if (down.has(address)) throw new Error(`connect ECONNREFUSED ${address}:${port}`);
    },
    ...more,
  });
  return { ...made, down, tried };
}

describe('health tracking', () => {
  test('marks who cannot be reached, and again who can', async () => {
    const { clock, discovery, tell, down } = tracked();
    tell(3600, 1, 2);
    const [first] = await discovery.discoverService('web');
    expect(first).toMatchObject({ healthy: true });
    expect(first).not.toHaveProperty('lastCheck');
    await settle();
    const looked = await discovery.discoverService('web');
    expect(looked.map((one) => one.lastCheck)).toEqual([new Date(clock.wall()), new Date(clock.wall())]);
    down.add('10.0.0.2');
    const { seen } = collect(discovery.watchService('web'));
    await clock.advance(12_000);
    expect(seen).toEqual(['1,2']);
    await clock.advance(12_000);
    expect(seen).toEqual(['1,2', '1,2 critical']);
    const health = await discovery.health('web');
    expect(health.instances.find((one) => one.endpoint.address === '10.0.0.2')).toMatchObject({
      reachability: 'unreachable',
      recordValid: true,
      resolved: true,
      lastError: 'connect ECONNREFUSED 10.0.0.2:80',
    });
    down.clear();
    await clock.advance(12_000);
    expect(seen).toEqual(['1,2', '1,2 critical', '1,2']);
  });

  test('looks at newcomers at once, and at others in their time', async () => {
    const { clock, discovery, tell, tried } = tracked();
    tell(1, 1);
    await discovery.discoverService('web');
    await settle();
    await clock.advance(2_000);
    tell(1, 1, 2);
    await discovery.discoverService('web');
    await settle();
    expect(tried).toEqual(['10.0.0.1:80', '10.0.0.2:80']);
  });

  test('knows records that are out of date, and instances that answer all the same', async () => {
    const { client, clock, discovery, tell } = tracked();
    tell(5, 1);
    await discovery.discoverService('web');
    await settle();
    client.tell('SRV web.example.org', { fails: 'network' });
    await clock.advance(30_000);
    const { instances } = await discovery.health('web');
    expect(instances).toMatchObject([
      { reachability: 'reachable', recordValid: false, resolved: false, endpoint: { status: 'passing' } },
    ]);
  });

  test('holds those for doubtful that were never reached and whose record is out of date', async () => {
    const { client, clock, discovery } = tracked();
    client.tell('SRV web.example.org', {
      records: ['web.example.org 5 SRV 1 1 0 h1.example.org'],
      beside: ['h1.example.org 5 A 10.0.0.1'],
    });
    await discovery.discoverService('web');
    client.tell('SRV web.example.org', { fails: 'network' });
    await clock.advance(30_000);
    expect(await discovery.discoverService('web')).toMatchObject([{ status: 'warning', healthy: false, port: 0 }]);
  });

  test('forgets those nobody asks about', async () => {
    const { clock, discovery, tell, tried } = tracked();
    tell(5, 1);
    await discovery.discoverService('web');
    await clock.advance(400_000);
    tried.length = 0;
    await clock.advance(60_000);
    expect(tried).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test('tries a bounded number at a time', async () => {
    let trying = 0;
    const { discovery, tell } = world({
      healthCheck: true,
      reach: (_address, _port, _timeoutMs, signal) => {
        trying += 1;
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('ended'))));
      },
    });
    tell(5, ...Array.from({ length: 100 }, (_, i) => i + 1));
    await discovery.discoverService('web');
    await settle();
    expect(trying).toBe(32);
    await discovery.close();
    expect(trying).toBe(32);
  });

  test('without it nothing is known of reachability', async () => {
    const { discovery, tell } = world();
    tell(5, 1);
    expect((await discovery.health('web')).instances).toMatchObject([{ reachability: 'unknown', recordValid: true }]);
  });
});

test.each<[object, RegExp]>([
  [{ healthChek: true }, /healthChek is not an option; did you mean healthCheck\?/],
  [{ healthCheck: { failuresBeforeCritical: 0 } }, /failuresBeforeCritical/],
  [{ dnsServers: ['nonsense'] }, /nonsense/],
])('%j is refused', (config, said) => {
  expect(() => new DnsServiceDiscovery(config)).toThrow(said);
});
