// node:http by name: the agent picks host and port of an instance for every request, the lookup only addresses.
import http from 'node:http';
import { ServiceDiscoveryManager } from '@datapunk/discovery';
import { DiscoveryHttpAgent, discoveryLookup } from '@datapunk/discovery/http';
import { createRegistry } from '@datapunk/discovery/registry';

const registry = await createRegistry();
const manager = new ServiceDiscoveryManager({ backend: registry });

const server = http.createServer((request, response) => response.end(`hello from ${request.url}`));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address();
await manager.registerService('orders', { address: '127.0.0.1', port });

const agent = new DiscoveryHttpAgent({ manager });
console.log(await get('http://orders.service/by-agent', { agent }));

const lookup = discoveryLookup({ manager });
console.log(await get(`http://orders.service:${port}/by-lookup`, { lookup, agent: false }));

await agent.close();
await lookup.close();
await manager.close();
await registry.close();
server.close();
server.closeAllConnections();

function get(url, options) {
  return new Promise((resolve, reject) => {
    const request = http.get(url, options, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve(text));
    });
    request.on('error', reject);
  });
}
