import { describe, expect, test } from 'vitest';
import { hostOf, hostPort, ServiceHosts } from './service-host.js';

describe('host names', () => {
  const hosts = new ServiceHosts(['.service', '.service.consul']);

  test.each([
    ['orders.service', { service: 'orders' }],
    ['Orders.Service', { service: 'orders' }],
    ['v1.orders.service', { service: 'orders', tag: 'v1' }],
    ['1.0.orders.service', { service: 'orders', tag: '1.0' }],
    ['orders.service.consul', { service: 'orders' }],
    ['v1.orders.service.consul', { service: 'orders', tag: 'v1' }],
    ['orders.service.dc2.consul', { service: 'orders', datacenter: 'dc2' }],
    ['v1.orders.service.dc2.consul', { service: 'orders', tag: 'v1', datacenter: 'dc2' }],
    ['service.service', { service: 'service' }],
    ['.service', undefined],
    ['..service', undefined],
    ['orders', undefined],
    ['orders.services', undefined],
    ['example.com', undefined],
    ['node1.node.consul', undefined],
    ['127.0.0.1', undefined],
    ['[::1]', undefined],
  ])('%s', (host, expected) => expect(hosts.parse(host)).toEqual(expected));

  test('a domain of one’s own takes datacenters as well', () => {
    const own = new ServiceHosts(['.service.example.internal']);
    expect(own.parse('a.service.example.internal')).toEqual({ service: 'a' });
    expect(own.parse('a.service.east.example.internal')).toEqual({ service: 'a', datacenter: 'east' });
    expect(own.parse('a.service')).toBeUndefined();
  });

  test.each(['orders.service', 'orders.service.dc2.consul'])('%s is not passed by', (host) => {
    expect(hosts.includes(host)).toBe(true);
  });

  test.each(['example.com', 'localhost', '127.0.0.1'])('%s is passed by', (host) => {
    expect(hosts.includes(host)).toBe(false);
  });
});

test.each([
  ['http://orders.service', 'orders.service'],
  ['http://orders.service:8080', 'orders.service'],
  ['https://orders.service/', 'orders.service'],
  ['http://127.0.0.1:80/', '127.0.0.1'],
])('the host of %s', (origin, host) => expect(hostOf(origin)).toBe(host));

test.each([
  ['10.0.0.1', '10.0.0.1:80'],
  ['::1', '[::1]:80'],
  ['web.example', 'web.example:80'],
])('%s with a port', (address, text) => expect(hostPort(address, 80)).toBe(text));
