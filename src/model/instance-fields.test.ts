import { isIP } from 'node:net';
import { describe, expect, test } from 'vitest';
import {
  instanceFields,
  isAnyAddress,
  metaComplaint,
  validateTaggedAddresses,
  validateWeights,
  withTaggedAddresses,
} from './instance-fields.js';

const familyOf = (address: string): 0 | 4 | 6 => isIP(address) as 0 | 4 | 6;

function pair(key: string, value: string, why: string): string {
  return `Couldn't load metadata pair ('${key}', '${value}'): ${why}`;
}

describe('metadata of a service', () => {
  const long = 'k'.repeat(129);
  const wide = 'é'.repeat(257);

  test.each<[Record<string, string>, string | undefined]>([
    [{}, undefined],
    [{ 'team-x_1': 'anything, even = and spaces' }, undefined],
    [{ 'a b': 'c' }, pair('a b', 'c', 'Key contains invalid characters')],
    [{ '': 'c' }, pair('', 'c', 'Key cannot be blank')],
    [{ [long]: '' }, pair(long, '', 'Key is too long (limit: 128 characters)')],
    [{ 'consul-x': '' }, pair('consul-x', '', "Key prefix 'consul-' is reserved for internal use")],
    [{ k: wide }, pair('k', wide, 'Value is too long (limit: 512 characters)')],
    [
      Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`k${at}`, ''])),
      'Node metadata cannot contain more than 64 key/value pairs',
    ],
  ])('%# is judged in its own words', (meta, complaint) => {
    expect(metaComplaint(meta)).toBe(complaint);
  });
});

test('weights are refused as the agent says it', () => {
  expect(() => validateWeights(undefined)).not.toThrow();
  expect(() => validateWeights({})).toThrow('Invalid Weights: Passing must be greater than 0');
  expect(() => validateWeights({ Passing: 1, Warning: -1 })).toThrow('Invalid Weights: Warning must be');
  expect(() => validateWeights({ Passing: 65_536 })).toThrow('Invalid Weights: DNS Weight must be between 0 and 65535');
});

test('an address fills the tagged addresses of its family that are not given', () => {
  const filled = withTaggedAddresses(
    instanceFields(
      { Address: '10.0.0.1', Port: 8, TaggedAddresses: { wan_ipv4: { Address: '1.2.3.4', Port: 9 } } },
      'x',
    ),
    familyOf,
  );
  expect(filled.taggedAddresses).toEqual({
    lan_ipv4: { Address: '10.0.0.1', Port: 8 },
    wan_ipv4: { Address: '1.2.3.4', Port: 9 },
  });
  expect(withTaggedAddresses(instanceFields({ Address: 'db.example.com' }, 'x'), familyOf).taggedAddresses).toBeNull();
  expect(withTaggedAddresses(instanceFields({ Address: '::1' }, 'x'), familyOf).taggedAddresses).toHaveProperty(
    'lan_ipv6',
  );
});

test('a tagged address that promises a family keeps it', () => {
  expect(() => validateTaggedAddresses({ lan_ipv4: { Address: 'fd00::1', Port: 1 } }, familyOf)).toThrow(
    expect.objectContaining({
      message: 'Service tagged address "lan_ipv4" must be a valid ipv4 address',
      details: { status: 500 },
    }),
  );
  expect(() => validateTaggedAddresses({ lan: { Address: 'anything', Port: 1 } }, familyOf)).not.toThrow();
});

test('absent fields are empty', () => {
  expect(instanceFields({ Name: 'x', Tags: null, Meta: null }, 'x')).toMatchObject({
    tags: [],
    meta: null,
    address: '',
    port: 0,
    weights: { Passing: 1, Warning: 1 },
    taggedAddresses: null,
  });
});

test('the any address can be dialled by nobody', () => {
  expect(['0.0.0.0', '::', '[::]', '', '10.0.0.1'].map(isAnyAddress)).toEqual([true, true, true, false, false]);
});

test('metadata given as empty is told from metadata not given, as Consul does', () => {
  expect(instanceFields({ Meta: {} }, 'x').meta).toEqual({});
  expect(instanceFields({}, 'x').meta).toBeNull();
});
