// An Express app that joins the service `orders`, answers, and leaves it in order.
import { once } from 'node:events';
import { ServiceDiscoveryManager } from '@datapunk/discovery';
import { discoveryService } from '@datapunk/discovery/express';
import { createRegistry } from '@datapunk/discovery/registry';
import express from 'express';

const registry = await createRegistry();
const manager = new ServiceDiscoveryManager({ backend: registry });

const service = discoveryService({ name: 'orders', manager, registration: { id: 'orders-1' } });
const app = express();
app.use(service); // first: it follows every request
app.get('/orders', (_request, response) => response.json([{ id: 1 }]));
const server = service.attach(app.listen(0, '127.0.0.1'));
await once(server, 'listening');
await service.ready();

const [endpoint] = await manager.discoverService('orders');
const origin = `http://${endpoint.address}:${endpoint.port}`;
for (const path of ['/orders', '/readyz', '/livez']) console.log(path, await (await fetch(origin + path)).text());

await service.close();
console.log('left:', await manager.discoverService('orders', { useCache: false }));
await manager.close();
await registry.close();
