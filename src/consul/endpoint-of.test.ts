import { describe, expect, test } from 'vitest';
import { endpointOf, endpointsOf, type HealthEntryFields } from './endpoint-of.js';

const entry: HealthEntryFields = {
  Node: { Node: 'n1', Address: '10.0.0.1', Datacenter: 'dc1' },
  Service: { ID: 'api-1', Service: 'api', Address: '10.0.0.9', Port: 8080, Tags: ['v1'], Meta: { version: '1.0.0' } },
  Checks: [{ CheckID: 'service:api-1', Status: 'passing' }],
};

function withService(fields: Partial<HealthEntryFields['Service']>, status = 'passing'): HealthEntryFields {
  return { ...entry, Service: { ...entry.Service, ...fields }, Checks: [{ CheckID: 'c', Status: status }] };
}

test('an entry becomes an endpoint', () => {
  expect(endpointOf(entry)).toEqual({
    id: 'api-1',
    service: 'api',
    address: '10.0.0.9',
    port: 8080,
    healthy: true,
    status: 'passing',
    tags: ['v1'],
    metadata: { version: '1.0.0' },
    node: 'n1',
    datacenter: 'dc1',
    locality: { region: '', zone: '' },
    weight: 1,
  });
});

test('what is left out or null has a default', () => {
  const { Node } = entry;
  const bare: HealthEntryFields = { Node, Service: { ID: 'a', Service: 'api', Tags: null, Meta: null, Weights: null } };
  expect(endpointOf(bare)).toMatchObject({
    address: '10.0.0.1',
    port: 0,
    tags: [],
    metadata: {},
    weight: 1,
    healthy: true,
  });
});

test.each<[string, string, number]>([
  ['passing', 'passing', 10],
  ['warning', 'warning', 3],
  ['critical', 'critical', 10],
  ['something', 'critical', 10],
])('a %s check makes it %s with weight %i', (word, status, weight) => {
  const weights = { Passing: 10, Warning: 3 };
  expect(endpointOf(withService({ Weights: weights }, word))).toMatchObject({
    status,
    weight,
    healthy: word === 'passing',
  });
});

test('maintenance is told from critical', () => {
  const Checks = [{ CheckID: '_service_maintenance:api-1', Status: 'critical' }];
  expect(endpointOf({ ...entry, Checks })).toMatchObject({ status: 'maintenance', healthy: false });
});

test('where it runs: the field of Consul, else the metadata of the standard', () => {
  const meta = { region: 'eu', zone: 'a' };
  expect(endpointOf(withService({ Meta: meta })).locality).toEqual({ region: 'eu', zone: 'a' });
  expect(endpointOf(withService({ Meta: meta, Locality: { Region: 'us' } })).locality).toEqual({
    region: 'us',
    zone: 'a',
  });
});

describe('an answer that is none of health/service', () => {
  test.each<[string, unknown]>([
    ['nothing', null],
    ['text', '<html></html>'],
    ['an object', { error: 'x' }],
    ['a list of text', ['x']],
    ['no node', [{ Service: entry.Service }]],
    ['no service', [{ Node: entry.Node }]],
    ['no address', [{ Node: { Node: 'n', Address: '' }, Service: { ID: 'a', Service: 'a' } }]],
    ['a port that is none', [{ ...entry, Service: { ...entry.Service, Port: '80' } }]],
    ['metadata that is none', [{ ...entry, Service: { ...entry.Service, Meta: 'x' } }]],
    ['tags that are none', [{ ...entry, Service: { ...entry.Service, Tags: 'v1' } }]],
    ['checks that are none', [{ ...entry, Checks: [{ Status: 'passing' }] }]],
  ])('%s is corrupt, never an empty set', (_, answer) => {
    expect(() => endpointsOf(answer)).toThrow(expect.objectContaining({ code: 'CORRUPT' }) as Error);
  });

  test('an empty list is a set', () => expect(endpointsOf([])).toEqual([]));
});
