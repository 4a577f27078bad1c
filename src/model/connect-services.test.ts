import { expect, it } from 'vitest';
import { CatalogWorld, nodeRow, serviceRow } from '../testing/catalog-world.js';
import { connectInstances, connectServices } from './connect-services.js';

const proxyOf = (name: unknown) => ({
  service: 'side',
  serviceKind: 'connect-proxy',
  proxy: { DestinationServiceName: name as string },
});

const world = (): CatalogWorld =>
  new CatalogWorld([
    nodeRow('n'),
    serviceRow('n', 'p1', proxyOf('Web')),
    serviceRow('n', 'p2', proxyOf('other')),
    serviceRow('n', 'odd', proxyOf(7)),
    serviceRow('n', 'native', { service: 'WEB', connect: { Native: true } }),
    serviceRow('n', 'plain', { service: 'WEB' }),
    serviceRow('n', 'asked', { ...proxyOf('web'), serviceKind: '' }),
  ]);

it('finds proxies by their destination and native instances by their own name, in any case', () => {
  const { catalog } = world();
  const ids = (name: string) => connectInstances(catalog, name).map(({ service }) => service.id);
  expect(ids('web').toSorted()).toEqual(['native', 'p1']);
  expect(ids('OTHER')).toEqual(['p2']);
  for (const name of ['side', '7', '', '__proto__']) expect(ids(name)).toEqual([]);
});

it('tells the index of each service they are of', () => {
  const { catalog } = world();
  const indexes = new Map(connectServices(catalog, 'web').map(({ name, index }) => [name, index]));
  expect(indexes).toEqual(new Map(['side', 'WEB'].map((name) => [name, catalog.serviceView(name).index] as const)));
});

it('follows the catalog', () => {
  const at = world();
  expect(connectInstances(at.catalog, 'other')).toHaveLength(1);
  at.put(serviceRow('n', 'p2', proxyOf('moved')));
  expect(connectInstances(at.catalog, 'other')).toEqual([]);
  expect(connectInstances(at.catalog, 'moved')).toHaveLength(1);
});
