// Two instances of `orders` in a registry of this process, called by name with Node's own fetch. One of them is dead: nobody
// notices. With an agent instead, leave `backend` out.
import { createServer } from 'node:http';
import { ServiceDiscoveryManager } from '@datapunk/discovery';
import { createRegistry } from '@datapunk/discovery/registry';
import { discovery } from '@datapunk/discovery/undici';
import { Agent, setGlobalDispatcher } from 'undici';

const registry = await createRegistry();
const manager = new ServiceDiscoveryManager({ backend: registry });

const server = createServer((request, response) => response.end(`${request.url} of ${request.headers.host}`));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
await manager.registerService('orders', { address: '127.0.0.1', port: server.address().port });
await manager.registerService('orders', { address: '127.0.0.1', port: 1 });

setGlobalDispatcher(new Agent().compose(discovery({ manager })));

for (let order = 1; order <= 5; order++) {
  const answer = await fetch(`http://orders.service/orders/${order}`);
  console.log(answer.status, await answer.text());
}

await manager.close();
await registry.close();
server.close();
server.closeAllConnections();
