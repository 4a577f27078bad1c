import { afterEach, beforeEach, expect, test } from 'vitest';
import { invalid } from '../model/index.js';
import { ApiWorld } from '../testing/api-world.js';
import { memberOf } from '../testing/fake-cluster.js';

const PATH = '/v1/operator/keyring';

let world: ApiWorld;
let asked: string[];

beforeEach(async () => {
  world = await ApiWorld.start();
  asked = [];
});
afterEach(() => world.close());

const note = (what: string) => async (key: string) => void asked.push(`${what} ${key}`);

function encrypted(): void {
  world.cluster.known.push(memberOf('n2'), memberOf('n3', { state: 'dead' }), memberOf('far', { datacenter: 'dc2' }));
  world.cluster.keyring = {
    keys: ['one', 'two'],
    primary: 'one',
    counts: () => new Map([['one', 2]]),
    install: note('install'),
    use: note('use'),
    remove: async (key) => {
      if (key === 'one') throw invalid('Removing the primary key is not allowed');
      asked.push(`remove ${key}`);
    },
  };
}

test.each(['GET', 'POST', 'PUT', 'DELETE'])('%s without encryption is refused', async (method) => {
  const answer = await world.ask(PATH, { method, ...(method !== 'GET' && { body: '{"Key":"a"}' }) });
  expect([answer.status, answer.text]).toEqual([500, 'Keyring is empty (encryption not enabled)']);
});

test('keys, and how many agents know them', async () => {
  encrypted();
  expect((await world.ask(PATH)).json()).toEqual([
    {
      WAN: false,
      Datacenter: 'dc1',
      Segment: '',
      Keys: { one: 2, two: 1 },
      PrimaryKeys: { one: 2 },
      NumNodes: 2,
    },
  ]);
});

test('an agent of another datacenter counts where it is connected', async () => {
  encrypted();
  const peer = {
    node: 'far',
    datacenter: 'dc2',
    address: '',
    rttMs: 1,
    sentBytes: 0,
    receivedBytes: 0,
    queuedBytes: 0,
  };
  const connected = { ...peer, origin: 'origin-far', state: 'connected', droppedFrames: 0 } as const;
  world.cluster.parts = { peers: [{ ...connected, compression: 'off', encrypted: true }] };
  expect((await world.ask(PATH)).json()).toMatchObject([{ NumNodes: 3 }]);
});

test('keys are installed, used and removed', async () => {
  encrypted();
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const { status, text } = await world.ask(PATH, { method, body: '{"Key":"two"}' });
    expect([status, text]).toEqual([200, '']);
  }
  expect(asked).toEqual(['install two', 'use two', 'remove two']);
});

test('what cannot be is said', async () => {
  encrypted();
  const removed = await world.ask(PATH, { method: 'DELETE', body: '{"Key":"one"}' });
  expect([removed.status, removed.text]).toEqual([500, 'Removing the primary key is not allowed']);
  expect((await world.ask(PATH, { method: 'POST', body: '{' })).status).toBe(400);
});
