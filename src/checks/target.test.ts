import { describe, expect, it } from 'vitest';
import { toCheckDefinition } from '../model/index.js';
import { allowedNetworks } from './allowed-networks.js';
import { hostPort, parseGrpcTarget, parseTarget, targetKey } from './target.js';

describe('parseTarget', () => {
  it.each([
    ['127.0.0.1:80', '127.0.0.1', 80],
    ['[::1]:80', '::1', 80],
    ['db.example:5432', 'db.example', 5432],
    [':80', 'localhost', 80],
  ])('%s', (text, host, port) => {
    expect(parseTarget(text)).toEqual({ host, port });
  });

  it.each(['', 'host', 'host:', 'host:0', 'host:65536', '::1:80', '[::1]', 'a:80:90', 'host:+8'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseTarget(text)).toThrow('port in address');
    },
  );

  it('finds the service behind a gRPC address', () => {
    expect(parseGrpcTarget('[::1]:80/a/b')).toEqual({ host: '::1', port: 80, service: 'a/b' });
    expect(parseGrpcTarget('a:80')).toEqual({ host: 'a', port: 80, service: '' });
    expect(hostPort({ host: '::1', port: 80 })).toBe('[::1]:80');
  });
});

function keyOf(body: object): string {
  return targetKey(toCheckDefinition({ Interval: '1s', ...body }));
}

it('checks of one host and port share a target, whatever their kind', () => {
  expect(keyOf({ HTTP: 'http://Web:8080/health' })).toBe('web:8080');
  expect(keyOf({ TCP: 'WEB:8080' })).toBe('web:8080');
  expect(keyOf({ GRPC: 'web:8080/x' })).toBe('web:8080');
  expect(keyOf({ HTTP: 'no url' })).toBe('no url');
  expect(keyOf({ Args: ['true'] })).toBe('');
});

describe('allowed networks', () => {
  const networks = allowedNetworks(['10.0.0.0/8', 'fd00::/8', '192.0.2.7']);

  it.each([
    ['10.1.2.3', true],
    ['11.0.0.1', false],
    ['::ffff:10.1.2.3', true],
    ['::ffff:11.0.0.1', false],
    ['fd12::1', true],
    ['fd12::1%eth0', true],
    ['fe80::1', false],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['web', false],
  ])('%s: %s', (address, allowed) => {
    expect(networks.allows(address)).toBe(allowed);
  });

  it.each(['', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', 'web/8', '10.0.0/8', '::1/129', '10.0.0.0/-1'])(
    'refuses "%s" as a network',
    (cidr) => {
      expect(() => allowedNetworks([cidr])).toThrow('is not a network');
    },
  );
});
