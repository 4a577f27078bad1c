import { once } from 'node:events';
import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import http, { type IncomingMessage } from 'node:http';
import { connect, createServer, Socket } from 'node:net';
import { create } from 'axios';
import { got } from 'got';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { httpInstance } from '../../testing/http-instance.js';
import { endpointAt, InMemoryDiscovery } from '../../testing/in-memory-discovery.js';
import { listenOnLoopback } from '../../testing/loopback-server.js';
import { discoveryLookup, type DiscoveryLookup } from './lookup.js';

let manager: InMemoryDiscovery;
let lookup: DiscoveryLookup;

beforeEach(() => {
  manager = new InMemoryDiscovery();
  lookup = discoveryLookup({ manager });
});
afterEach(() => lookup.close());

function look(hostname: string, options: LookupOptions = {}): Promise<string | LookupAddress[]> {
  return new Promise((resolve, reject) => {
    lookup(hostname, options, (error, address) => (error ? reject(error) : resolve(address)));
  });
}

const at = (address: string): ReturnType<typeof endpointAt> => ({ ...endpointAt('db', 5432), id: address, address });

describe('lookup', () => {
  test('gives one address, another each time', async () => {
    manager.set('db', [at('127.0.0.1'), at('127.0.0.2')]);
    expect([await look('db.service'), await look('db.service'), await look('db.service')]).toEqual([
      '127.0.0.1',
      '127.0.0.2',
      '127.0.0.1',
    ]);
  });

  test('gives all addresses once each, another first each time', async () => {
    manager.set('db', [at('127.0.0.1'), at('::1'), at('127.0.0.1')]);
    const v4 = { address: '127.0.0.1', family: 4 };
    const v6 = { address: '::1', family: 6 };
    expect(await look('db.service', { all: true })).toEqual([v4, v6]);
    expect(await look('db.service', { all: true })).toEqual([v6, v4]);
    expect(await look('db.service', { all: true, family: 6 })).toEqual([v6]);
    expect(await look('db.service', { all: true, family: 'IPv4' })).toEqual([v4]);
  });

  test('resolves endpoints that are host names', async () => {
    manager.set('db', [at('localhost')]);
    const system = await new Promise((resolve) => systemLookup('localhost', { all: true }, (_e, all) => resolve(all)));
    expect(await look('db.service', { all: true })).toEqual(system);
  });

  test.each([
    ['db.service', {}, 'NO_ENDPOINTS'],
    ['v6.service', { family: 6 }, 'NO_ENDPOINTS'],
    ['no-such-host.invalid', {}, 'ENOTFOUND'],
  ])('%s %j fails with %s', async (host, options, code) => {
    manager.set('db', []);
    manager.set('v6', [at('127.0.0.1')]);
    await expect(look(host, options)).rejects.toMatchObject({ code });
  });

  test('waits for the first set', async () => {
    const found = look('db.service');
    manager.set('db', [at('127.0.0.3')]);
    expect(await found).toBe('127.0.0.3');
  });

  test('others are the system’s', async () => {
    expect(await look('127.0.0.9')).toBe('127.0.0.9');
    expect(manager.opened).toEqual([]);
  });

  test('an option that it does not have is refused', () => {
    expect(() => discoveryLookup({ manager, policy: 'random' } as object)).toThrow('policy is not an option');
  });
});

describe('where a lookup can be given', () => {
  test('net.connect, the way of database drivers', async () => {
    await using server = await listenOnLoopback(createServer((socket) => socket.end('hello')));
    manager.set('db', [endpointAt('db', 1)]);
    const socket = connect({ host: 'db.service', port: server.port, lookup });
    const [hello] = (await once(socket, 'data')) as [Buffer];
    expect(String(hello)).toBe('hello');
    socket.destroy();
  });

  test('a socket that its user connects by port and host', async () => {
    class LookedUp extends Socket {
      override connect(...to: unknown[]): this {
        const [port, host] = to as [number, string];
        return super.connect({ port, host, lookup });
      }
    }
    await using server = await listenOnLoopback(createServer((socket) => socket.end('hello')));
    manager.set('db', [endpointAt('db', 1)]);
    const socket = new LookedUp().connect(server.port, 'db.service');
    const [hello] = (await once(socket, 'data')) as [Buffer];
    expect(String(hello)).toBe('hello');
    socket.destroy();
  });

  test('node:http, got and axios', async () => {
    await using server = await httpInstance();
    manager.set('orders', [endpointAt('orders', 1)]);
    const url = `http://orders.service:${server.port}/`;
    const request = http.get(url, { lookup, agent: false });
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    answer.resume();
    expect(await got(url, { dnsLookup: lookup, retry: { limit: 0 } }).text()).toBe(String(server.port));
    const { data } = await create({ httpAgent: new http.Agent({ lookup }), proxy: false }).get<number>(url);
    expect(data).toBe(server.port);
  });
});
