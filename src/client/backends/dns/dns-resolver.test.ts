import { describe, expect, test } from 'vitest';
import { FakeDnsClient } from '../../../../test/support/fake-dns-client.js';
import { putInstances } from '../../../../test/support/put-instances.js';
import { RegistryDns } from '../../../../test/support/registry-dns.js';
import { FakeClock, settle } from '../../../testing/fake-clock.js';
import { resolverSuite } from '../../../testing/resolver-suite.js';
import type { SuiteInstance } from '../../../testing/resolver-suite.js';
import { DnsResolver } from './dns-resolver.js';

const open = async () => {
  // Consul lists warning instances too unless told otherwise.
  const dns = await RegistryDns.start({ onlyPassing: true });
  const resolver = new DnsResolver({ dnsServers: [dns.address], timeout: 1 });
  return {
    resolver,
    datacenter: 'dc1',
    carries: { tags: false },
    showsFailing: false,
    put: (service: string, instances: readonly SuiteInstance[]) => putInstances(dns.registry, service, instances),
    outage: { begin: () => dns.stop(), end: () => dns.comeBack() },
    close: async () => {
      await resolver.close();
      await dns[Symbol.asyncDispose]();
    },
  };
};

describe('DNS is a resolver:', () => {
  for (const { name, run } of resolverSuite(open)) test(name, run);
});

test('below a suffix without Consul’s names, tags and datacenters are refused', async () => {
  await using resolver = new DnsResolver({ domainSuffix: 'example.org', client: new FakeDnsClient() });
  expect(resolver.supports).toMatchObject({ tags: false, datacenter: false });
  const lookup = resolver.lookup({ service: 'web', onlyPassing: true, tags: ['v1'] });
  await expect(lookup).rejects.toMatchObject({ code: 'UNSUPPORTED', details: { ability: 'tags' } });
});

test('uses the lowest priority that has an instance in reach', async () => {
  const clock = new FakeClock();
  const client = new FakeDnsClient();
  const down = new Set<string>();
  await using resolver = new DnsResolver({
    domainSuffix: 'example.org',
    client,
    clock,
    healthCheck: { failuresBeforeCritical: 1 },
    reach: async (address) => {
      if (down.has(address)) throw new Error('refused');
    },
  });
  client.tell('SRV web.example.org', {
    records: [1, 1, 2].map((priority, i) => `web.example.org 3600 SRV ${priority} 1 80 h${i + 1}.example.org`),
    beside: [1, 2, 3].map((host) => `h${host}.example.org 3600 A 10.0.0.${host}`),
  });
  const ended = new AbortController();
  const seen: string[] = [];
  const watch = async (): Promise<void> => {
    for await (const { endpoints } of resolver.watch({ service: 'web', onlyPassing: true }, ended.signal))
      seen.push(
        endpoints
          .map((one) => `${one.address}${one.healthy ? '' : '!'}`)
          .toSorted()
          .join(' '),
      );
  };
  const watching = watch();
  await settle();
  for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) {
    down.add(address);
    await clock.advance(12_000);
  }
  ended.abort();
  await watching;
  expect(seen).toEqual(['10.0.0.1 10.0.0.2', '10.0.0.2', '10.0.0.3', '10.0.0.1! 10.0.0.2!']);
});

test('a lookup that only the past can answer is an error', async () => {
  const clock = new FakeClock();
  const client = new FakeDnsClient();
  await using resolver = new DnsResolver({ domainSuffix: 'example.org', client, clock });
  const lookup = () => resolver.lookup({ service: 'web', onlyPassing: true });
  client.tell('SRV web.example.org', {
    records: ['web.example.org 5 SRV 1 1 80 h1.example.org'],
    beside: ['h1.example.org 5 A 10.0.0.1'],
  });
  expect((await lookup()).endpoints).toHaveLength(1);
  await clock.advance(6_000);
  client.tell('SRV web.example.org', { fails: 'SERVFAIL' });
  await expect(lookup()).rejects.toMatchObject({ code: 'UNAVAILABLE', details: { dns: 'SERVFAIL' } });
  await clock.advance(6_000);
  client.tell('SRV web.example.org', 'silent');
  const late = expect(lookup()).rejects.toMatchObject({ details: { dns: expect.any(String) } });
  await clock.advance(2_000);
  await late;
});

test('a watch ends with CLOSED when the backend is closed', async () => {
  const client = new FakeDnsClient();
  const resolver = new DnsResolver({ domainSuffix: 'example.org', client });
  const sets = resolver.watch({ service: 'web', onlyPassing: true }, new AbortController().signal);
  await sets.next();
  const next = sets.next();
  await resolver.close();
  await expect(next).rejects.toMatchObject({ code: 'CLOSED' });
});

test('instances of one node each have their own metadata, and what that lacks from the node', async () => {
  await using dns = await RegistryDns.start();
  await using resolver = new DnsResolver({ dnsServers: [dns.address] });
  await putInstances(dns.registry, 'api', [
    { id: 'a', address: '', port: 1, metadata: { version: '1' } },
    { id: 'b', address: '', port: 2, metadata: { version: '2' } },
    { id: 'c', address: '127.0.0.9', port: 1, metadata: { version: '3', rack: 'own' } },
  ]);
  const { endpoints } = await resolver.lookup({ service: 'api', onlyPassing: true });
  const told = endpoints
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, node, metadata }) => ({ id, node, metadata }));
  expect(told).toEqual([
    { id: 'a', node: 'n1', metadata: { rack: 'r7', version: '1' } },
    { id: 'b', node: 'n1', metadata: { rack: 'r7', version: '2' } },
    { id: 'c', node: 'n1', metadata: { version: '3', rack: 'own' } },
  ]);
});
