/** What a Consul says otherwise than our agent; the exam of targets runs over ours. */
import { expect, test } from 'vitest';
import type { ConsulClient } from '../../../consul/index.js';
import { ServiceDiscoveryError, type ErrorCode } from '../../../model/index.js';
import { ConsulRegistrationTarget } from './consul-registration-target.js';

type Calls = Readonly<Record<string, () => Promise<unknown>>>;

function target(agent: Calls): ConsulRegistrationTarget {
  return new ConsulRegistrationTarget({ agent, health: {} } as unknown as Pick<ConsulClient, 'agent' | 'health'>);
}

function refusing(code: ErrorCode, message: string): () => Promise<never> {
  return () => Promise.reject(new ServiceDiscoveryError(code, message));
}

test.each([
  ['1.10.11', false],
  ['1.16.9', false],
  ['1.17.0-dev', true],
  ['1.21.4', true],
  ['2.0.0', true],
  ['', false],
])('version %s knows localities: %s', async (Version, locality) => {
  const self = async (): Promise<unknown> => ({
    value: { Config: { NodeName: 'n1', Version }, Member: { Addr: '10.0.0.1' } },
  });
  expect(await target({ self }).describe()).toEqual({ nodeAddress: '10.0.0.1', nodeName: 'n1', locality });
});

test('the older words for a check that is not there', async () => {
  const updateCheck = refusing('INTERNAL', 'CheckID "c" does not have associated TTL');
  await expect(target({ updateCheck }).reportTtl('c', 'passing', '')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('any other failure of a report stays what it is', async () => {
  const updateCheck = refusing('INTERNAL', 'disk full');
  await expect(target({ updateCheck }).reportTtl('c', 'passing', '')).rejects.toMatchObject({ code: 'INTERNAL' });
});

test('an instance is gone only when an agent says so', async () => {
  const gone = target({ service: refusing('NOT_FOUND', 'unknown service ID: a') });
  expect(await gone.read('a')).toBeUndefined();
  const other = target({ service: refusing('NOT_FOUND', '404 page not found') });
  await expect(other.read('a')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test.each([
  'Unknown service ID "a". Ensure that the service ID is passed, not the service name.',
  'Unknown service "a"',
])('deregistering what is gone succeeds: %s', async (message) => {
  await target({ deregister: refusing('NOT_FOUND', message) }).deregister('a');
});

test('texts in filters have no quotation mark inside, which ends them for an older Consul', async () => {
  const filters: unknown[] = [];
  const client = {
    agent: { self: async () => ({ value: { Config: { NodeName: 'n"1', Version: '1.9.0' }, Member: null } }) },
    health: {
      service: async (_: string, options: { filter: string }) => (filters.push(options.filter), { value: [] }),
    },
  } as unknown as Pick<ConsulClient, 'agent' | 'health'>;
  await new ConsulRegistrationTarget(client).isServing('api', 'a"b\\');
  expect(filters).toEqual(['Service.ID == "a\\x22b\\\\" and Node.Node == "n\\x221"']);
});
