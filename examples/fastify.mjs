// A Fastify app that joins the service `orders`, answers, and leaves it in order on SIGTERM.
import { once } from 'node:events';
import { ServiceDiscoveryManager } from '@datapunk/discovery';
import { discoveryPlugin } from '@datapunk/discovery/fastify';
import { createRegistry } from '@datapunk/discovery/registry';
import { fastify } from 'fastify';

const registry = await createRegistry();
const manager = new ServiceDiscoveryManager({ backend: registry });

const app = fastify();
await app.register(discoveryPlugin, {
  name: 'orders',
  manager,
  registration: { id: 'orders-1', tags: ['v1'], check: { http: '/readyz', interval: '1s' } },
  onSignal: true,
});
app.get('/orders', () => [{ id: 1 }]);
await app.listen({ port: 0, host: '127.0.0.1' });
await app.getDecorator('discovery').ready();

const [endpoint] = await manager.discoverService('orders', { onlyPassing: false });
const origin = `http://${endpoint.address}:${endpoint.port}`;
for (const path of ['/orders', '/readyz']) console.log(path, await (await fetch(origin + path)).text());

process.once('exit', (code) => console.log(`left, exit code ${code}`));
process.kill(process.pid, 'SIGTERM');
await once(process, 'exit');
