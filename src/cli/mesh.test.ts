import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PeerReport, StreamReport } from '../model/index.js';
import { ApiWorld } from '../testing/api-world.js';
import { CatalogWorld, checkRow, nodeRow, serviceRow } from '../testing/catalog-world.js';
import { memberOf } from '../testing/fake-cluster.js';
import { listenOnLoopback } from '../testing/loopback-server.js';
import { memoryIo } from '../testing/memory-io.js';
import { main } from './main.js';

/** Commands about other agents, against an HTTP API whose cluster a test makes up. */
let world: ApiWorld;

beforeEach(async () => {
  world = await ApiWorld.start({
    rows: [
      nodeRow('a', { origin: 'origin-n1' }),
      serviceRow('a', 'web-1', { service: 'web', port: 80, origin: 'origin-n1' }),
      nodeRow('b', { origin: 'origin-n3' }),
      serviceRow('b', 'web-2', { service: 'web', port: 81, origin: 'origin-n3' }),
      checkRow('b', 'serfHealth', { status: 'critical', output: 'Agent not live or unreachable', origin: 'origin-n3' }),
    ],
  });
  world.cluster.known = [
    memberOf('n1', { isSelf: true, isHome: true }),
    memberOf('n2', { lagVersions: 7, lastContactMs: 140, localHealth: 1, state: 'suspect', reason: 'silent for 2s' }),
    memberOf('n3', { state: 'dead', reason: 'nobody listens there', lastContactMs: 65_000 }),
    memberOf('far', { datacenter: 'dc2' }),
  ];
});
afterEach(() => world.close());

async function run(...args: string[]) {
  const { io, out, err } = memoryIo({ environment: { CONSUL_HTTP_ADDR: `127.0.0.1:${world.port}` } });
  const code = await main(args, io);
  return { code, out: out(), err: err() };
}

async function lines(...args: string[]): Promise<readonly (readonly string[])[]> {
  const { code, out, err } = await run(...args);
  expect([code, err]).toEqual([0, '']);
  return out
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));
}

const peer: PeerReport = {
  origin: 'origin-n2',
  node: 'n2',
  datacenter: 'dc1',
  address: '10.0.0.2:8301',
  state: 'connected',
  rttMs: 0.4231,
  sentBytes: 512,
  receivedBytes: 1_234_567,
  queuedBytes: 0,
  droppedFrames: 3,
  compression: 'on',
  encrypted: false,
};
const stream: StreamReport = {
  origin: 'origin-n2',
  node: 'n2',
  kind: 'catalog',
  incarnation: 1,
  version: 40,
  lagVersions: 7,
  lagMs: 12_000,
  records: 30,
  tombstones: 2,
  oldestTombstoneMs: 61_000,
};
const conflict = { node: 'a', id: 'web-1', winner: 'n1', loser: 'n2', reason: 'registered later' };

describe('members', () => {
  test('with their state and why, lag, last contact, protocol, local health and marks', async () => {
    expect(await lines('members')).toEqual([
      ['NODE', 'ADDRESS', 'STATE', 'DC', 'VERSION', 'PROTOCOL', 'LAG', 'LAST CONTACT', 'LOCAL HEALTH', 'IS', 'WHY'],
      ['n1', '10.0.0.1:8301', 'alive', 'dc1', '0.1.0', '1', '0', '-', '0', 'self, home'],
      ['n2', '10.0.0.1:8301', 'suspect', 'dc1', '0.1.0', '1', '7', '140ms', '1', '-', 'silent for 2s'],
      ['n3', '10.0.0.1:8301', 'failed', 'dc1', '0.1.0', '1', '0', '1m', '0', '-', 'nobody listens there'],
    ]);
  });

  test('of all datacenters, and as JSON', async () => {
    expect((await lines('members', '--wan')).map(([name]) => name)).toContain('far.dc2');
    const { out } = await run('members', '--json');
    expect(JSON.parse(out)).toHaveLength(3);
  });

  test('of a Consul, which tells less', async () => {
    const member = { Name: 'c1', Addr: '10.0.0.9', Port: 8301, Status: 2, Tags: { dc: 'dc1', role: 'consul' } };
    const consul = await listenOnLoopback(
      createServer((_, response) => {
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify([member]));
      }),
    );
    try {
      expect(await lines('members', '--http-addr', consul.address)).toEqual([
        ['NODE', 'ADDRESS', 'STATE', 'DC', 'ROLE'],
        ['c1', '10.0.0.9:8301', 'leaving', 'dc1', 'consul'],
      ]);
    } finally {
      await consul.close();
    }
  });

  test('a node whose rows another agent has taken over', async () => {
    world.world.put(nodeRow('n3', { origin: 'origin-n1' }));
    expect((await lines('members'))[3]).toContain('owned by n1');
  });
});

describe('sync', () => {
  test('connections, lag, conflicts, tombstones and protected mode', async () => {
    world.cluster.conflicts = [conflict];
    world.cluster.parts = {
      peers: [peer, { ...peer, node: 'n3', state: 'waiting', rttMs: undefined }],
      streams: [stream, { ...stream, node: 'n3', lagVersions: 0, tombstones: 0 }],
      protectedMode: { active: true, reason: '2 of 4 agents lost within a minute', sinceMs: 9_000 },
    };
    const { code, out } = await run('sync');
    expect(code).toBe(0);
    expect(out).toContain('n1 in dc1 at 10.0.0.1:8301, knows 3 other agents, home: n1');
    expect(out).toContain('protected mode for 9s: 2 of 4 agents lost within a minute');
    expect(out).toMatch(/n2 +dc1 +10\.0\.0\.2:8301 +connected +0\.4ms +512 B +1\.2 MB +0 B +3 +yes +no\n/);
    expect(out).toMatch(/n3 +dc1 +10\.0\.0\.2:8301 +waiting +-/);
    expect(out).toMatch(/n2 +catalog +40 +7 for 12s +30 +2, oldest 1m\n/);
    expect(out).toMatch(/n3 +catalog +40 +0 +30 +0\n/);
    expect(out).toMatch(/a\/web-1 +n1 +n2 +registered later\n/);
  });

  test('of an agent alone', async () => {
    world.cluster.known = world.cluster.known.slice(0, 1);
    const { out } = await run('sync');
    expect(out).toContain('protected mode: off');
    expect(out).toContain('no connection to another agent');
    expect(JSON.parse((await run('sync', '--json')).out)).toMatchObject({ self: { node: 'n1' } });
  });
});

describe('joining and leaving', () => {
  test('each address is tried; one that answers is enough', async () => {
    expect(await run('join', '10.0.0.2', '[::1]:8301', '--wan')).toEqual({
      code: 0,
      out: 'joined 10.0.0.2\njoined [::1]:8301\n',
      err: '',
    });
    expect(world.cluster.asked).toEqual(['join 10.0.0.2 wan', 'join [::1]:8301 wan']);
    const { refused } = world.cluster;
    refused.add('10.0.0.3');
    expect(await run('join', '10.0.0.3', '10.0.0.4')).toMatchObject({ code: 0, out: 'joined 10.0.0.4\n' });
    expect(await run('join', '10.0.0.3')).toEqual({ code: 1, out: '', err: 'error: 10.0.0.3: nobody listens there\n' });
    expect(JSON.parse((await run('join', '10.0.0.3', '--json')).out)).toEqual([
      { address: '10.0.0.3', error: 'nobody listens there' },
    ]);
  });

  test('an agent that cannot be asked', async () => {
    const { code, err } = await run('join', '10.0.0.2', '--http-addr', '127.0.0.1:1');
    expect([code, err]).toMatchObject([4, expect.stringContaining('127.0.0.1:1')]);
  });

  test('force-leave', async () => {
    expect((await run('force-leave', 'n3', '--prune')).out).toBe('n3 has left and is forgotten\n');
    expect(world.cluster.asked).toEqual(['force-leave n3 prune']);
    expect(await run('force-leave', 'nobody')).toMatchObject({
      code: 3,
      err: "error: agent: No node found with name 'nobody'\n",
    });
  });

  test('leave', async () => {
    expect((await run('leave')).out).toBe('the agent has left and stops\n');
  });
});

describe('keyring', () => {
  test('a key is 32 bytes in base64, and another every time', async () => {
    const keys = [(await run('keyring', 'generate')).out, (await run('keyring', 'generate')).out];
    for (const key of keys) expect(Buffer.from(key.trimEnd(), 'base64')).toHaveLength(32);
    expect(keys[0]).not.toBe(keys[1]);
  });

  test('is listed and changed', async () => {
    const asked: string[] = [];
    const note = (what: string) => async (key: string) => void asked.push(`${what} ${key}`);
    const counted = new Map([['one', 2]]);
    const changes = { counts: () => counted, install: note('install'), use: note('use'), remove: note('remove') };
    world.cluster.keyring = { keys: ['one', 'two'], primary: 'one', ...changes };
    expect(await lines('keyring', 'list')).toEqual([
      ['KEY', 'AGENTS', 'IN USE', 'DC'],
      ['one', '2 of 2', 'yes', 'dc1'],
      ['two', '1 of 2', 'no', 'dc1'],
    ]);
    for (const change of ['install', 'use', 'remove']) await run('keyring', change, 'three');
    expect(asked).toEqual(['install three', 'use three', 'remove three']);
  });

  test('without encryption', async () => {
    expect(await run('keyring', 'list')).toMatchObject({
      code: 1,
      err: 'error: Keyring is empty (encryption not enabled)\n',
    });
  });
});

describe('explain', () => {
  test('owner of each instance, and why it is served or not', async () => {
    world.cluster.conflicts = [conflict];
    const { code, out } = await run('explain', 'web');
    expect(code).toBe(0);
    expect(out).toMatch(/web-1 +a +10\.0\.0\.1:80 +n1 +alive +passing +yes\n/);
    expect(out).toMatch(
      /web-2 +b +10\.0\.0\.1:81 +n3 +dead +critical +no +agent n3 is dead: nobody listens there; check of the node "serfHealth" is critical/,
    );
    expect(out).toContain('a/web-1 is registered by n2 as well, which lost to n1: registered later');
  });

  test('when nobody confirms what is known', async () => {
    world.cluster.contacted = { known: false, lastContactMs: 5_000 };
    expect((await run('explain', 'web')).out).toContain('nobody confirms what is known of dc1 for 5s: it may be old');
  });

  test('a service that is not there', async () => {
    expect(await run('explain', 'nothing')).toMatchObject({
      code: 3,
      err: expect.stringContaining('no service "nothing"'),
    });
    expect((await run('explain', 'web', '--json')).code).toBe(0);
  });
});

describe('commands that read a catalog', () => {
  test('of another datacenter, with --dc', async () => {
    const there = { datacenter: 'dc2' };
    const rows = [nodeRow('z', there), serviceRow('z', 'web-z', { ...there, service: 'web', port: 9 })];
    world.cluster.others.set('dc2', new CatalogWorld(rows, 'dc2').catalog);
    expect((await lines('discover', 'web', '--dc', 'dc2'))[1]?.slice(0, 4)).toEqual([
      '10.0.0.1:9',
      'passing',
      'web-z',
      'z',
    ]);
    expect((await lines('services', '--dc', 'dc2'))[1]).toEqual(['web', '1', '1 passing', '-']);
    expect((await lines('services', '--dc', 'dc2', '--filter', 'port > 1'))[1]?.[2]).toBe('web-z');
    expect((await lines('nodes', '--dc', 'dc2'))[1]?.[0]).toBe('z');
    expect((await run('discover', 'web', '--dc', 'moon')).err).toContain('No path to datacenter');
  });
});

describe('doctor', () => {
  interface Finding {
    readonly level: string;
    readonly subject: string;
    readonly says: string;
  }

  async function findings(): Promise<readonly string[]> {
    const { out } = await run('doctor', '--json', '--dns-addr', '127.0.0.1:1');
    const known = /^(other agents|peer port|datacenter|home|protected|clocks|local health|lag|conflicts)/;
    return (JSON.parse(out) as Finding[])
      .filter(({ subject }) => known.test(subject))
      .map(({ level, subject, says }) => `${level} ${subject}: ${says}`);
  }

  test('an agent alone', async () => {
    world.cluster.known = world.cluster.known.slice(0, 1);
    expect(await findings()).toEqual([
      'ok other agents: none is known: this one is alone',
      'ok home: n1 decides keys, sessions, events and queries',
    ]);
  });

  test('all well', async () => {
    world.cluster.known = [memberOf('n1', { isSelf: true, isHome: true }), memberOf('n2')];
    world.cluster.parts = { peers: [peer] };
    expect(await findings()).toEqual([
      'ok other agents: 1 agent alive',
      'ok home: n1 decides keys, sessions, events and queries',
      'ok protected mode: off: agents that die are taken out of discovery',
    ]);
  });

  test('all that can be wrong', async () => {
    world.cluster.known = [
      memberOf('n1', { isSelf: true }),
      memberOf('n2', { incarnation: Date.now() + 3_600_000 }),
      memberOf('n3', { state: 'dead', reason: 'nobody listens there' }),
      memberOf('far', { datacenter: 'dc2', state: 'suspect' }),
    ];
    world.cluster.home.address = '';
    world.cluster.conflicts = [conflict];
    world.cluster.parts = {
      peers: [{ ...peer, state: 'waiting' }],
      streams: [stream],
      protectedMode: { active: true, reason: 'a majority is out of reach', sinceMs: 9_000 },
      localHealth: 3,
      eventLoopLagMs: 400,
    };
    expect(await findings()).toEqual([
      'warning other agents: n3 is dead: nobody listens there',
      'problem peer port: no connection to n2',
      'warning datacenter dc2: nothing is heard of it: its services are answered as they were last known',
      'problem home: there is none: keys, sessions, events and queries are neither written nor read without ?stale',
      'problem protected mode: on for 9s: a majority is out of reach',
      'warning clocks: ahead of this agent’s: those of n2, by 1h or more',
      'warning local health: this agent is slow: local health 3 of 8, event loop 400ms late',
      'warning lag: behind for more than 10s with the facts of n2',
      'warning conflicts: registered at two agents: a/web-1',
    ]);
  });

  test('a home that is away', async () => {
    world.cluster.home.address = '';
    expect(await findings()).toContain(
      'problem home: n1 cannot be reached: keys, sessions, events and queries are neither written nor read without ?stale',
    );
  });
});
