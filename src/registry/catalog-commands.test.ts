import { describe, expect, test } from 'vitest';
import type { CatalogRegistration } from '../model/index.js';
import { startedRegistry, TEST_NODE } from '../testing/started-registry.js';

const B_ID = '40e4a748-2192-161a-0510-9bf59fe950b5';

describe('catalog/register', () => {
  test('writes node, instance and checks in one commit', async () => {
    await using at = await startedRegistry();
    const { index } = at.catalog;
    const body: CatalogRegistration = {
      ID: B_ID,
      Node: 'b',
      Address: '10.7.0.2',
      NodeMeta: { zone: 'west' },
      Service: { Service: 'web', Tags: ['v1'], Address: '10.7.1.2', Port: 8080 },
      Check: { Name: 'first', ServiceID: 'web', Status: 'passing' },
      Checks: [
        { CheckID: 'second', Name: '2nd', ServiceID: 'web' },
        { Name: 'disk', Status: 'odd' },
      ],
    };
    await at.registry.registerCatalog(body);
    expect(at.catalog.index).toBe(index + 1);
    expect(at.catalog.node('B')).toMatchObject({ id: B_ID, meta: { zone: 'west' }, taggedAddresses: null });
    expect(at.catalog.service('b', 'web')).toMatchObject({ service: 'web', taggedAddresses: null });
    const checks = [...at.catalog.checksOf('b')].toSorted((x, y) => (x.checkId < y.checkId ? -1 : 1));
    expect(checks).toMatchObject([
      { checkId: 'disk', status: 'odd', serviceName: '' },
      { checkId: 'first', name: 'first', status: 'passing', serviceName: 'web', serviceTags: ['v1'], type: '' },
      { checkId: 'second', status: 'critical' },
    ]);
    await at.registry.registerCatalog(structuredClone(body));
    expect(at.catalog.index).toBe(index + 1);
  });

  test('replaces the fields of a node as a whole, but for its id and unless told to leave it', async () => {
    await using at = await startedRegistry();
    await at.registry.registerCatalog({ ID: B_ID, Node: 'b', Address: '1.1.1.1', NodeMeta: { a: 'b' } });
    await at.registry.registerCatalog({ Node: 'b', SkipNodeUpdate: true, Service: { Service: 'x' } });
    expect(at.catalog.node('b')).toMatchObject({ address: '1.1.1.1', meta: { a: 'b' } });
    await at.registry.registerCatalog({ Node: 'b', Address: '2.2.2.2' });
    expect(at.catalog.node('b')).toMatchObject({ id: B_ID, address: '2.2.2.2', meta: null });
    await at.registry.registerCatalog({ Node: 'new', SkipNodeUpdate: true });
    expect(at.catalog.node('new')).toMatchObject({ address: '' });
  });

  test('with a known id and another name renames the node', async () => {
    await using at = await startedRegistry();
    await at.registry.registerCatalog({ ID: B_ID, Node: 'b', Address: '1.1.1.1', Service: { Service: 'x' } });
    await at.registry.registerCatalog({ ID: B_ID, Node: 'c', Address: '1.1.1.1' });
    expect([at.catalog.node('b'), at.catalog.hasService('x')]).toEqual([undefined, false]);
    expect(at.catalog.nodeById(B_ID)?.node).toBe('c');
  });

  test.each<[CatalogRegistration, string | RegExp]>([
    [{}, 'Must provide node'],
    [{ Node: 'z' }, 'Must provide address if SkipNodeUpdate is not set'],
    [{ Node: 'z', Address: '1.1.1.1', ID: 'zzz' }, 'Bad node ID: uuid string is wrong length'],
    [
      { Node: 'z', Address: '1.1.1.1', Service: { ID: 'x' } },
      'Must provide service name (Service.Service) when service ID is provided',
    ],
    [{ Node: 'z', Address: '1.1.1.1', Service: {} }, /^Must provide service name/],
    [{ Node: 'z', Address: '1.1.1.1', Service: { Service: 'x', Address: '0.0.0.0' } }, 'Invalid service address'],
    [
      { Node: 'z', Address: '1.1.1.1', Check: { Name: 'c', ServiceID: 'nope' } },
      "Unknown service ID 'nope' for check ID 'c'",
    ],
    [
      { Node: 'z', Address: '1.1.1.1', Check: { Node: 'other', Name: 'c' } },
      "Node 'other' for check 'c' doesn't match register request node 'z'",
    ],
    [
      { Node: 'z', Address: '1.1.1.1', Service: { Service: 'x', Meta: { 'a b': 'c' } } },
      /^failed inserting service: Invalid Service Meta/,
    ],
    [{ Node: 'z', Address: '1.1.1.1', Datacenter: 'nope' }, 'No path to datacenter'],
    [{ Node: 'n1', ID: B_ID, Address: '1.1.1.1' }, /reserved by node/],
    [{ Node: 'z', ID: TEST_NODE.id, Address: '1.1.1.1' }, /reserved by node/],
  ])('refuses %j and writes nothing', async (body, message) => {
    await using at = await startedRegistry();
    const { index } = at.catalog;
    await expect(at.registry.registerCatalog(body)).rejects.toThrow(message);
    expect([at.catalog.node('z'), at.catalog.index]).toEqual([undefined, index]);
  });

  test('is owned by this agent', async () => {
    await using at = await startedRegistry();
    await at.registry.registerCatalog({ Node: 'b', Address: '1.1.1.1' });
    expect(at.catalog.node('b')).toMatchObject({ origin: TEST_NODE.id, datacenter: 'dc1' });
  });
});

describe('catalog/deregister', () => {
  test('finds ids whatever their case, an exact one first', async () => {
    await using at = await startedRegistry();
    for (const ID of ['Web', 'web', 'Api'])
      await at.registry.registerCatalog({ Node: 'b', Address: '1.1.1.1', Service: { ID, Service: 'x' } });
    await at.registry.registerCatalog({ Node: 'b', Address: '1.1.1.1', Check: { CheckID: 'Mem', Name: 'm' } });
    await at.registry.deregisterCatalog({ Node: 'b', ServiceID: 'web' });
    await at.registry.deregisterCatalog({ Node: 'b', ServiceID: 'api' });
    await at.registry.deregisterCatalog({ Node: 'b', CheckID: 'mEM' });
    expect(Array.from(at.catalog.servicesOf('b'), (row) => row.id)).toEqual(['Web']);
    expect(at.catalog.check('b', 'Mem')).toBeUndefined();
  });

  test('a definition’s durations are read back in Go’s spelling', async () => {
    await using at = await startedRegistry();
    const Definition = { TCP: 'x:1', Interval: '90m', Timeout: 5e9 };
    await at.registry.registerCatalog({ Node: 'b', Address: '1.1.1.1', Check: { CheckID: 'c', Definition } });
    expect(at.catalog.check('b', 'c')?.definition).toEqual({ TCP: 'x:1', Interval: '1h30m0s', Timeout: '5s' });
  });

  test('takes a service with its checks, a check, or the node with everything', async () => {
    await using at = await startedRegistry();
    const check = { Status: 'passing' };
    await at.registry.registerCatalog({
      Node: 'b',
      Address: '1.1.1.1',
      Service: { Service: 'web' },
      Checks: [
        { ...check, Name: 'c1', ServiceID: 'web' },
        { ...check, Name: 'disk' },
        { ...check, Name: 'mem' },
      ],
    });
    await at.registry.deregisterCatalog({ Node: 'B', CheckID: 'mem' });
    expect(at.catalog.checksOf('b')).toHaveLength(2);
    await at.registry.deregisterCatalog({ Node: 'b', ServiceID: 'web', CheckID: 'disk' });
    expect(at.catalog.checksOf('b')).toMatchObject([{ checkId: 'disk' }]);
    await at.registry.deregisterCatalog({ Node: 'b' });
    expect([at.catalog.node('b'), at.catalog.checksOf('b')]).toEqual([undefined, []]);
    const { index } = at.catalog;
    await at.registry.deregisterCatalog({ Node: 'b' });
    await at.registry.deregisterCatalog({ Node: 'n1', ServiceID: 'nope' });
    await at.registry.deregisterCatalog({ Node: 'n1', CheckID: 'nope' });
    expect(at.catalog.index).toBe(index);
    await expect(at.registry.deregisterCatalog({})).rejects.toThrow('Must provide node');
  });
});
