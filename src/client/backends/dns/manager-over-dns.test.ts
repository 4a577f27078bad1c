import { expect, test } from 'vitest';
import { putInstances } from '../../../../test/support/put-instances.js';
import { RegistryDns } from '../../../../test/support/registry-dns.js';
import { ServiceDiscoveryManager } from '../../index.js';

test('the manager discovers, watches and picks over DNS, and says what it cannot do there', async () => {
  await using dns = await RegistryDns.start();
  await putInstances(dns.registry, 'api', [
    { id: 'a', address: '127.0.0.1', port: 1, tags: ['v1'], metadata: { version: '1' } },
    { id: 'b', address: '127.0.0.1', port: 2, tags: ['v2'] },
  ]);
  await using manager = new ServiceDiscoveryManager({ backend: 'dns', dns: { dnsServers: [dns.address] } });
  const found = await manager.discoverService('api', { tags: ['v1'] });
  expect(found).toMatchObject([{ id: 'a', port: 1, tags: ['v1'], metadata: { version: '1' }, healthy: true }]);
  const { endpoint } = await manager.pick('api');
  expect([1, 2]).toContain(endpoint.port);
  const ports: number[][] = [];
  for await (const { endpoints } of manager.watchService('api', { interval: 0.05 })) {
    ports.push(endpoints.map((one) => one.port).toSorted((a, b) => a - b));
    if (ports.length === 2) break;
    await putInstances(dns.registry, 'api', [{ id: 'b', address: '127.0.0.1', port: 2 }]);
  }
  expect(ports).toEqual([[1, 2], [2]]);
  for (const refused of [
    () => manager.registerService('api', { port: 1 }),
    () => manager.discoverService('api', { filter: 'Service.Port == 1' }),
    () => manager.discoverService('api', { near: '_agent' }),
  ])
    await expect(refused()).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  await dns.stop();
  expect(await manager.discoverService('api', { useCache: false })).toMatchObject([{ id: 'b' }]);
  await expect(manager.discoverService('other', { timeoutMs: 15_000 })).rejects.toMatchObject({
    details: { dns: 'network' },
  });
});
