import { beforeEach, describe, expect, test } from 'vitest';
import { ServiceDiscoveryError, type RegistryCommands } from '../../model/index.js';
import { CatalogWorld, nodeRow, serviceRow } from '../../testing/catalog-world.js';
import { MemberWorld } from '../../testing/member-world.js';
import { clusterCommands } from './cluster-commands.js';

let members: MemberWorld;
let done: string[];
let failure: Error | undefined;
beforeEach(() => {
  members = new MemberWorld();
  members.add('b');
  members.add('c');
  done = [];
  failure = undefined;
});

const catalog = new CatalogWorld([
  nodeRow('n-a', { origin: 'a' }),
  nodeRow('n-b', { origin: 'b' }),
  serviceRow('n-b', 'web', { origin: 'b' }),
  serviceRow('n-b', 'moved', { origin: 'c' }),
  nodeRow('n-x', { origin: 'forgotten' }),
]).catalog;

function commands(): RegistryCommands {
  const local = new Proxy(
    { nodeName: 'node-a' },
    {
      get: (target, name) =>
        Reflect.get(target, name) ??
        ((...given: unknown[]) => {
          done.push(`here ${String(name)} ${JSON.stringify(given[0])}`);
          return Promise.resolve('here');
        }),
    },
  ) as RegistryCommands;
  return clusterCommands({
    local,
    catalog,
    members: members.part,
    caughtUp: async () => void done.push('caught up'),
    caller: {
      call: async (to, name, body) => {
        done.push(`at ${to} ${name} ${JSON.stringify(body)}`);
        if (failure) throw failure;
        return 'there' as never;
      },
    },
  });
}

describe('catalog writes', () => {
  test('are decided by the owner of the row, and here for what is new, ours or nobody’s any more', async () => {
    const it = commands();
    for (const Node of ['new', 'n-a', 'n-x', 'n-b']) await it.registerCatalog({ Node, Address: '1' });
    expect(done.map((line) => line.replace(/"Address".*/, ''))).toEqual([
      'here registerCatalog {"Node":"new",',
      'here registerCatalog {"Node":"n-a",',
      'here registerCatalog {"Node":"n-x",',
      'at b registerCatalog {"Node":"n-b",',
    ]);
  });

  test.each([
    ['dead', {}, 'here'],
    ['left', {}, 'here'],
    ['alive', {}, 'there'],
    ['suspect', {}, 'owner node-b unreachable'],
    ['alive', { isConnected: false }, 'owner node-b unreachable'],
  ] as const)('when the owner is %s %j: %s', async (state, fields, outcome) => {
    members.add('b', { state, ...fields });
    const written = commands()
      .registerCatalog({ Node: 'n-b', Address: '1' })
      .then(
        () => (done[0]?.startsWith('here') ? 'here' : 'there'),
        (error: unknown) => (error as Error).message,
      );
    expect(await written).toBe(outcome);
    if (outcome.startsWith('owner')) expect(done).toEqual([]);
  });

  test('in protected mode the dead may be alive', async () => {
    members.add('b', { state: 'dead' });
    members.isProtected = true;
    await expect(commands().deregisterCatalog({ Node: 'n-b', ServiceID: 'web' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'owner node-b unreachable',
      details: { status: 500, outcome: 'not asked' },
    });
  });

  test('a node goes when everybody who has a row of it was asked', async () => {
    await commands().deregisterCatalog({ Node: 'n-b' });
    expect(done).toEqual([
      'caught up',
      'at c deregisterCatalog {"Node":"n-b"}',
      'at b deregisterCatalog {"Node":"n-b"}',
    ]);
    members.add('c', { state: 'suspect' });
    done = [];
    await expect(commands().deregisterCatalog({ Node: 'n-b' })).rejects.toThrow('owner node-c unreachable');
    expect(done.splice(0)).toEqual(['caught up']);
    members.add('c', { state: 'dead' });
    await commands().deregisterCatalog({ Node: 'n-b' });
    expect(done).toEqual([
      'caught up',
      'here deregisterCatalog {"Node":"n-b"}',
      'at b deregisterCatalog {"Node":"n-b"}',
    ]);
  });

  test('what is gone already is no error, and bad input is for the registry to refuse', async () => {
    await commands().deregisterCatalog({ Node: 'gone' });
    await commands().deregisterCatalog({});
    await commands().registerCatalog({ Node: 'n-b', Datacenter: 'dc9' });
    const decided = done.filter((line) => line !== 'caught up');
    expect(decided.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      'here deregisterCatalog',
      'here deregisterCatalog',
      'here registerCatalog',
    ]);
  });

  test('an owner that was asked and did not answer is unreachable, and nobody knows what it did', async () => {
    failure = new ServiceDiscoveryError('TIMEOUT', 'no answer', { details: { outcome: 'unknown' } });
    await expect(commands().registerCatalog({ Node: 'n-b', Address: '1' })).rejects.toMatchObject({
      message: 'owner node-b unreachable',
      details: { outcome: 'unknown' },
    });
    failure = new ServiceDiscoveryError('INVALID_ARGUMENT', 'Must provide address');
    await expect(commands().registerCatalog({ Node: 'n-b' })).rejects.toThrow('Must provide address');
  });
});

const write = { key: 'k', value: '', flags: 0n, mode: { type: 'set' } } as const;
const all = (it: RegistryCommands): Promise<unknown>[] => [
  it.kvDelete({ key: 'k', mode: { type: 'key' } }),
  it.createSession({}),
  it.destroySession('s'),
  it.renewSession('s'),
  it.transaction([{ KV: { Verb: 'get', Key: 'k' } }]),
  it.fireEvent({ name: 'e', payload: '', node: '', service: '', tag: '' }),
  it.createQuery({}),
  it.updateQuery('q', {}),
  it.deleteQuery('q'),
  it.putConfig('k', 'n', {}),
];

describe('keys, sessions, events and queries', () => {
  test('are decided here when this is the home', async () => {
    await Promise.all(all(commands()));
    expect(done.every((line) => line.startsWith('here'))).toBe(true);
    expect(done).toHaveLength(10);
  });

  test('at the home when that is another agent; a session is of the agent that was asked', async () => {
    members.home = 'b';
    await Promise.all(all(commands()));
    expect(done.every((line) => line.startsWith('at b'))).toBe(true);
    expect(done).toContain('at b createSession {"Node":"node-a"}');
  });

  test.each([
    ['there is none', () => void (members.home = undefined)],
    ['it is suspect', () => members.add('b', { state: 'suspect' })],
    ['it is dead', () => members.add('b', { state: 'dead', isConnected: false })],
    ['there is no connection to it', () => members.add('b', { isConnected: false })],
  ])('nowhere when %s', async (_, arrange) => {
    members.home = 'b';
    arrange();
    for (const command of all(commands())) {
      await expect(command).rejects.toMatchObject({ code: 'NOT_READY', message: 'No cluster leader' });
    }
    await expect(commands().restore([])).rejects.toThrow('No cluster leader');
    expect(done).toEqual([]);
  });

  test('are decided in the turn in which they are asked for: a moment later the home may be another', () => {
    const it = commands();
    void it.kvPut({ ...write, flags: 0 as unknown as bigint });
    expect(done).toHaveLength(1);
    members.home = undefined;
  });

  test('a home that did not answer is no leader', async () => {
    members.home = 'b';
    failure = new ServiceDiscoveryError('UNAVAILABLE', 'no connection', { details: { outcome: 'unknown' } });
    await expect(commands().destroySession('s')).rejects.toMatchObject({ code: 'NOT_READY' });
  });
});

const set = (Node: string) => ({ Node: { Verb: 'set', Node: { Node, Address: '1' } } });
const cas = (Node: string) => ({ Node: { Verb: 'cas', Node: { Node, Address: '1', ModifyIndex: 3 } } });
const get = (Node: string) => ({ Node: { Verb: 'get', Node: { Node } } });

describe('transactions', () => {
  const kv = { KV: { Verb: 'set', Key: 'k' } };

  test.each([
    ['without keys by the owner of its rows', [set('n-b'), get('n-a')], ['at b catalogTransaction']],
    ['here when its rows are ours or new', [set('n-a'), set('new')], ['here transaction']],
    ['with keys by the home', [kv, set('n-b')], ['at b transaction']],
    ['compare indexes only where those were read', [cas('n-a')], ['here transaction']],
  ])('%s', async (_, operations, where) => {
    members.home = 'b';
    await commands().transaction(operations);
    expect(done.map((line) => line.split(' [')[0])).toEqual(where);
  });

  test.each([
    ['rows of two owners', [set('n-b'), set('n-a')], [1]],
    ['keys and rows of an agent that is not the home', [kv, set('n-a')], [1]],
    ['an index of another agent', [cas('n-b')], [0]],
  ])('of %s are refused as a whole, by operation', async (_, operations, refused) => {
    members.home = 'b';
    const outcome = await commands().transaction(operations);
    expect(outcome).toMatchObject({ ok: false, errors: refused.map((opIndex) => ({ opIndex })) });
    expect(done).toEqual([]);
  });

  test('services and checks are judged by their own rows, then by their node', async () => {
    const moved = { Service: { Verb: 'delete', Node: 'n-b', Service: { ID: 'moved' } } };
    const check = { Check: { Verb: 'set', Check: { Node: 'n-b', CheckID: 'new', Status: 'passing' } } };
    await commands().transaction([moved]);
    await commands().transaction([check]);
    expect(done.map((line) => line.split(' [')[0])).toEqual(['at c catalogTransaction', 'at b catalogTransaction']);
  });
});
