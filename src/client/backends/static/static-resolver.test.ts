import { describe, expect, test } from 'vitest';
import { resolverSuite } from '../../../testing/resolver-suite.js';
import { StaticResolver } from './static-resolver.js';

const open = async () => {
  const resolver = new StaticResolver();
  return {
    resolver,
    datacenter: 'dc1',
    put: async (service: string, instances: Parameters<typeof resolver.set>[1]) =>
      resolver.set(
        service,
        instances.map((one) => ({ ...one, datacenter: 'dc1' })),
      ),
    close: async () => {},
  };
};

describe('a fixed list is a resolver:', () => {
  for (const { name, run } of resolverSuite(open)) test(name, run);
});

test('what an endpoint leaves out has a default', async () => {
  const resolver = new StaticResolver({ Api: [{ address: '10.0.0.1', port: 80 }] });
  const { endpoints } = await resolver.lookup({ service: 'api', onlyPassing: true });
  expect(endpoints).toEqual([
    {
      id: 'Api-10.0.0.1-80',
      service: 'Api',
      address: '10.0.0.1',
      port: 80,
      healthy: true,
      status: 'passing',
      tags: [],
      metadata: {},
      node: '',
      datacenter: '',
      locality: { region: '', zone: '' },
      weight: 1,
    },
  ]);
});

test.each([
  ['address', { address: '' }],
  ['port', { address: 'a', port: 65_536 }],
  ['port', { address: 'a', port: 1.5 }],
  ['weight', { address: 'a', weight: -1 }],
  ['weight', { address: 'a', weight: Number.NaN }],
])('a bad %s is refused by name, and nothing is changed', async (field, endpoint) => {
  const resolver = new StaticResolver({ api: [{ address: '10.0.0.1' }] });
  expect(() => resolver.set('api', [{ address: '10.0.0.2' }, endpoint])).toThrow(field);
  const { endpoints } = await resolver.lookup({ service: 'api', onlyPassing: true });
  expect(endpoints.map(({ address }) => address)).toEqual(['10.0.0.1']);
});
