import { describe, expect, test } from 'vitest';
import { isDiscoveryError } from '../../model/index.js';
import { checkedName, placeOfTarget, serviceNames, serviceZone } from './service-name.js';
import type { ServiceWords } from './service-name.js';

const consul = serviceZone('service.consul');
const plain = serviceZone('svc.cluster.local');
const srv = serviceZone('example.com', 'srv');

describe('the name of a service', () => {
  test.each<[string, ReturnType<typeof serviceZone>, ServiceWords, string]>([
    ['alone', consul, { service: 'web' }, 'web.service.consul'],
    ['in a datacenter', consul, { service: 'web', datacenter: 'dc2' }, 'web.service.dc2.consul'],
    ['with a tag', consul, { service: 'web', tag: 'v1' }, 'v1.web.service.consul'],
    ['with a tag of several labels', consul, { service: 'web', tag: 'v1.0' }, 'v1.0.web.service.consul'],
    ['with both', consul, { service: 'web', tag: 'v1', datacenter: 'dc2' }, 'v1.web.service.dc2.consul'],
    [
      'below a suffix with a datacenter',
      serviceZone('Service.DC3.Consul.'),
      { service: 'web' },
      'web.service.dc3.consul',
    ],
    [
      'asked of another datacenter than the suffix',
      serviceZone('service.dc3.consul'),
      { service: 'web', datacenter: 'dc1' },
      'web.service.dc1.consul',
    ],
    [
      'below a domain of two labels',
      serviceZone('service.corp.example', 'consul'),
      { service: 'web', datacenter: 'dc1' },
      'web.service.dc1.corp.example',
    ],
    ['below any suffix', plain, { service: 'api.prod' }, 'api.prod.svc.cluster.local'],
    ['after RFC 2782', srv, { service: 'sip' }, '_sip._tcp.example.com'],
    [
      'after RFC 2782, a tag in the place of the protocol',
      srv,
      { service: 'sip', tag: 'udp' },
      '_sip._udp.example.com',
    ],
  ])('%s', (_, zone, words, name) => expect(serviceNames(zone, words).service).toBe(name));

  test('texts of instances are asked at our own name, whatever the tag', () => {
    expect(serviceNames(consul, { service: 'web', tag: 'v1', datacenter: 'dc2' }).texts).toBe(
      'web.instance.dc2.consul',
    );
    expect(serviceNames(plain, { service: 'web' }).texts).toBeUndefined();
  });

  test('addresses have no underscores', () => {
    expect(serviceNames(srv, { service: 'sip' }).host).toBe('sip.example.com');
  });
});

describe('what cannot be in a name', () => {
  test.each<[string, ReturnType<typeof serviceZone>, ServiceWords, string]>([
    ['an empty service', consul, { service: '' }, 'INVALID_ARGUMENT'],
    ['a dot in a service of Consul', consul, { service: 'a.b' }, 'INVALID_ARGUMENT'],
    ['an empty label', plain, { service: 'a..b' }, 'INVALID_ARGUMENT'],
    ['a space', plain, { service: 'a b' }, 'INVALID_ARGUMENT'],
    ['an escape', plain, { service: 'a\\.b' }, 'INVALID_ARGUMENT'],
    ['a letter of another script', plain, { service: 'ä' }, 'INVALID_ARGUMENT'],
    ['a label of 64', plain, { service: 'a'.repeat(64) }, 'INVALID_ARGUMENT'],
    [
      'a name of over 255 bytes',
      plain,
      { service: Array.from({ length: 4 }, () => 'a'.repeat(63)).join('.') },
      'INVALID_ARGUMENT',
    ],
    ['a datacenter of two labels', consul, { service: 'web', datacenter: 'a.b' }, 'INVALID_ARGUMENT'],
    ['no text at all', consul, { service: 7 as unknown as string }, 'INVALID_ARGUMENT'],
    ['a tag below a plain suffix', plain, { service: 'web', tag: 'v1' }, 'UNSUPPORTED'],
    ['a datacenter below a plain suffix', plain, { service: 'web', datacenter: 'dc1' }, 'UNSUPPORTED'],
    ['a datacenter after RFC 2782', srv, { service: 'web', datacenter: 'dc1' }, 'UNSUPPORTED'],
  ])('%s', (_, zone, words, code) => {
    expect(() => serviceNames(zone, words)).toThrow(expect.objectContaining({ code }));
  });

  test('the refusal names the field', () => {
    try {
      serviceNames(consul, { service: 'web', tag: 'a b' });
      expect.unreachable();
    } catch (error) {
      if (!isDiscoveryError(error)) throw error;
      expect(error.message).toMatch(/^tag must be/);
      expect(error.details.violations).toMatchObject([{ field: 'tag' }]);
    }
  });

  test.each([
    ['suffix', ''],
    ['label', `${'a'.repeat(64)}.consul`],
  ])('a %s', (_, suffix) => {
    expect(() => serviceZone(suffix)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  test('a suffix that is not of the layout it is said to have', () => {
    expect(() => serviceZone('example.com', 'consul')).toThrow(/begin with service\./);
  });
});

test.each([
  ['web-1.node.dc1.consul', { node: 'web-1', datacenter: 'dc1' }],
  ['Web-1.NODE.DC1.Consul', { node: 'Web-1', datacenter: 'dc1' }],
  ['a.b.node.dc1.consul', { node: 'a.b', datacenter: 'dc1' }],
  ['a.node.dc1.dc.consul', { node: 'a', datacenter: 'dc1' }],
  ['web-1.node.consul', { node: 'web-1', datacenter: '' }],
  ['0a000001.addr.dc1.consul', { node: '', datacenter: 'dc1' }],
  ['host.example.com', { node: '', datacenter: '' }],
  ['node.dc1.consul', { node: '', datacenter: '' }],
  ['a.node.dc1.notconsul', { node: '', datacenter: '' }],
])('the target %s tells %j', (target, place) => expect(placeOfTarget(consul, target)).toEqual(place));

test('any name that can be asked is taken as it is, without the last dot', () => {
  expect(checkedName('name', '_dmarc.Example.com.')).toBe('_dmarc.Example.com');
  expect(checkedName('name', '.')).toBe('.');
  for (const bad of ['', '..', 'a..b', `${'a'.repeat(64)}.b`, undefined, 5]) {
    expect(() => checkedName('name', bad)).toThrow(/^name must be a DNS name/);
  }
});
