// A gRPC client that finds its servers by name: consul:///greeter. A second server joins while it calls.
import * as grpc from '@grpc/grpc-js';
import { ServiceDiscoveryManager } from '@datapunk/discovery';
import { registerDiscovery } from '@datapunk/discovery/grpc';
import { createRegistry } from '@datapunk/discovery/registry';

const text = { serialize: (value) => Buffer.from(value), deserialize: (bytes) => bytes.toString() };
const greeter = {
  greet: {
    path: '/example.Greeter/Greet',
    requestStream: false,
    responseStream: false,
    requestSerialize: text.serialize,
    requestDeserialize: text.deserialize,
    responseSerialize: text.serialize,
    responseDeserialize: text.deserialize,
  },
};

const registry = await createRegistry();
const manager = new ServiceDiscoveryManager({ backend: registry });
const resolver = await registerDiscovery({ manager, grpc });
const servers = [await serve('first')];

const Greeter = grpc.makeGenericClientConstructor(greeter, 'Greeter');
const client = new Greeter('consul:///greeter', grpc.credentials.createInsecure());

console.log(await greet('Ada'));
servers.push(await serve('second'));
const heard = new Set();
for (let call = 0; call < 1_000 && heard.size < 2; call++) heard.add(await greet('Ada'));
for (const greeting of ['hello Ada, from the first', 'hello Ada, from the second'])
  console.log(greeting, heard.has(greeting));

client.close();
await resolver.close();
await manager.close();
await registry.close();
for (const server of servers) server.forceShutdown();

async function serve(name) {
  const server = new grpc.Server();
  server.addService(greeter, {
    greet: ({ request }, callback) => callback(null, `hello ${request}, from the ${name}`),
  });
  const port = await new Promise((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  await manager.registerService('greeter', { address: '127.0.0.1', port });
  return server;
}

function greet(name) {
  return new Promise((resolve, reject) =>
    client.greet(name, { deadline: Date.now() + 5_000 }, (error, greeting) =>
      error ? reject(error) : resolve(greeting),
    ),
  );
}
