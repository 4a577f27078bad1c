/**
 * A round trip of every family. Against an agent of ours in this process, or against the agent that CONSUL_HTTP_ADDR
 * names: then what only ours can do, or what would disturb it, is left out.
 */
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig, startAgent, type Agent } from '../agent/index.js';
import { ConsulClient, endpointOf, type ConsulServiceEntry } from './index.js';

const given = process.env['CONSUL_HTTP_ADDR'];
let own: Agent | undefined;
let client: ConsulClient;

beforeAll(async () => {
  if (given !== undefined) {
    client = ConsulClient.fromEnvironment();
    return;
  }
  const flags = { dev: true, logLevel: 'error', httpAddr: '127.0.0.1:0', dnsAddr: '127.0.0.1:0' };
  const { config } = await loadConfig(flags, {});
  own = await startAgent(config, { log: () => {} });
  client = new ConsulClient({ addresses: own.addresses.http[0] });
});
afterAll(async () => {
  await client.close();
  await own?.close();
});

const ours = test.skipIf(given !== undefined);
/** Names of this run alone, so that nothing of a shared agent is touched. */
const run = `t${process.pid}`;

describe('agent', () => {
  const id = `${run}-api-1`;

  test('an instance is registered, found, maintained, waited for and gone', async () => {
    const name = `${run}-api`;
    await client.agent.register({
      ID: id,
      Name: name,
      Address: '10.1.2.3',
      Port: 80,
      Tags: ['v1'],
      Meta: { region: 'eu', version: '1.0.0' },
      Check: { CheckID: `${id}-ttl`, TTL: '60s' },
    });
    await client.agent.passCheck(`${id}-ttl`, { note: 'well' });
    const found = await client.health.service(name, { tags: ['V1'], passing: true });
    expect(found.value.map(endpointOf)).toMatchObject([
      { id, service: name, address: '10.1.2.3', port: 80, healthy: true, locality: { region: 'eu', zone: '' } },
    ]);
    expect(found.index).toBeGreaterThan(0);

    const { value: known } = await client.agent.service(id);
    expect(known).toMatchObject({ ID: id, Service: name, Tags: ['v1'] });
    expect((await client.agent.services({ filter: `ID == "${id}"` })).value).toHaveProperty([id]);
    expect((await client.agent.serviceHealth(id)).value.AggregatedStatus).toBe('passing');

    const same = client.agent.service(id, { hash: known.ContentHash, waitMs: 10_000 });
    await client.agent.serviceMaintenance(id, true, { reason: 'upgrade' });
    expect((await client.agent.servicesHealth(name)).status).toBe(503);
    expect((await client.health.service(name)).value.map((entry) => endpointOf(entry).status)).toEqual(['maintenance']);
    await client.agent.serviceMaintenance(id, false);
    await client.agent.register({ ID: id, Name: name, Port: 81 }, { replaceExistingChecks: true });
    expect((await same).value.ContentHash).not.toBe(known.ContentHash);

    const now = await client.health.service(name);
    const gone = client.health.service(name, { index: now.index, indexFrom: now.address, waitMs: 10_000 });
    await client.agent.deregister(id);
    expect((await gone).value).toEqual([]);
    await expect(client.agent.service(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await client.agent.serviceHealth(id)).value.Service).toBeNull();
    expect((await client.agent.servicesHealth(name)).value).toEqual([]);
  });

  test('checks of the node', async () => {
    const check = `${run}-check`;
    await client.agent.registerCheck({ ID: check, Name: 'own', TTL: '60s', Status: 'passing' });
    await client.agent.warnCheck(check);
    await client.agent.failCheck(check, { note: 'broken' });
    expect((await client.agent.checks()).value[check]).toMatchObject({ Status: 'critical', Output: 'broken' });
    await client.agent.updateCheck(check, { Status: 'passing', Output: 'mended' });
    expect((await client.agent.checks()).value[check]).toMatchObject({ Status: 'passing', Output: 'mended' });
    await client.agent.deregisterCheck(check);
  });

  test('itself', async () => {
    const { value: self } = await client.agent.self();
    expect(self.Config.Datacenter).not.toBe('');
    expect((await client.agent.members()).value.map(({ Name }) => Name)).toContain(self.Config.NodeName);
    expect((await client.agent.host()).value).toHaveProperty('Memory');
    expect((await client.agent.metrics()).value.Gauges).toBeInstanceOf(Array);
    await expect(client.agent.setToken('default', 'x')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  ours('its version', async () => {
    expect((await client.agent.version()).value.HumanVersion).toMatch(/^\d/);
  });

  ours('its log, its configuration', async () => {
    await expect(client.agent.monitor({ logLevel: 'loud' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    const stop = new AbortController();
    const { value: lines } = await client.agent.monitor({ logLevel: 'debug', signal: stop.signal });
    const failed = once(lines, 'data').catch((error: unknown) => error);
    stop.abort();
    expect(await failed).toMatchObject({ code: 'ABORTED' });
    await client.agent.maintenance(true, { reason: 'all of it' });
    await client.agent.maintenance(false);
    await expect(client.agent.join('127.0.0.1:1')).rejects.toHaveProperty('code');
  });

  ours('the spaces that its indexes are of', async () => {
    const first = await client.catalog.nodes();
    expect(first.indexSpace).toMatch(/^[0-9a-f-]{36}$/);
    expect((await client.kv.get(`${run}/none`)).indexSpace).toBe(first.indexSpace);
  });
});

test('catalog: a node with an instance and a check', async () => {
  const [node, service] = [`${run}-node`, `${run}-db`];
  const { value: self } = await client.agent.self();
  await client.catalog.register({
    Node: node,
    Address: '10.9.9.9',
    NodeMeta: { rack: run },
    Service: { ID: `${service}-1`, Service: service, Port: 5432, Tags: ['primary'] },
    Check: { CheckID: 'up', Name: 'up', Status: 'passing', ServiceID: `${service}-1` },
  });
  expect((await client.catalog.nodes({ nodeMeta: { rack: run } })).value.map(({ Node }) => Node)).toEqual([node]);
  expect((await client.catalog.services()).value[service]).toEqual(['primary']);
  expect((await client.catalog.service(service, { near: node })).value).toMatchObject([{ ServicePort: 5432 }]);
  expect((await client.catalog.node(node)).value?.Services).toHaveProperty([`${service}-1`]);
  expect((await client.catalog.nodeServices(node)).value.Services).toHaveLength(1);
  expect((await client.catalog.connect(service)).value).toEqual([]);
  expect((await client.catalog.gatewayServices(service)).value).toEqual([]);
  expect((await client.catalog.datacenters()).value).toContain(self.Config.Datacenter);
  expect((await client.health.node(node)).value.map(({ CheckID }) => CheckID)).toEqual(['up']);
  expect((await client.health.checks(service)).value).toHaveLength(1);
  expect((await client.health.state('passing', { filter: `Node == "${node}"` })).value).toHaveLength(1);
  expect((await client.health.connect(service)).value).toEqual([]);
  expect((await client.health.ingress(service)).value).toEqual([]);
  expect(await client.catalog.deregister({ Node: node })).toBe(true);
  expect((await client.catalog.node(node)).value).toBeNull();
});

test('kv: bytes, conditions, lists, and 64 bits of flags', async () => {
  const key = `${run}/a b/ü?`;
  const bytes = Buffer.from([0, 255, 10]);
  const flags = 2n ** 64n - 1n;
  const absent = await client.kv.get(key);
  expect([absent.value, absent.status]).toEqual([undefined, 404]);
  const comes = client.kv.raw(key, { index: absent.index, waitMs: 10_000 });
  expect(await client.kv.put(key, bytes, { flags, cas: 0 })).toBe(true);
  expect((await comes).value).toEqual(bytes);
  expect(await client.kv.put(key, 'other', { cas: 0 })).toBe(false);
  const { value: pair } = await client.kv.get(key, { consistency: 'consistent' });
  expect(pair).toMatchObject({ Key: key, Value: bytes, Flags: flags });
  expect(await client.kv.put(`${run}/empty`, '')).toBe(true);
  expect((await client.kv.list(`${run}/`)).value.map(({ Value }) => Value.length)).toEqual([3, 0]);
  expect((await client.kv.keys(`${run}/`, { separator: '/' })).value).toEqual([`${run}/a b/`, `${run}/empty`]);
  expect((await client.kv.list(`${run}-none/`)).value).toEqual([]);
  expect((await client.kv.keys(`${run}-none/`)).value).toEqual([]);
  expect(await client.kv.delete(key, { cas: 1 })).toBe(false);
  expect(await client.kv.delete(key)).toBe(true);
  expect(await client.kv.deleteAll(`${run}/`)).toBe(true);
});

test('sessions hold keys', async () => {
  const session = await client.session.create({ Name: run, TTL: '30s', Checks: [] });
  const key = `${run}-lock`;
  expect(await client.kv.put(key, 'mine', { acquire: session })).toBe(true);
  expect((await client.kv.get(key)).value?.Session).toBe(session);
  expect((await client.session.renew(session)).ID).toBe(session);
  const { value: info } = await client.session.info(session);
  expect(info).toMatchObject({ Name: run, Behavior: 'release' });
  expect((await client.session.node(info?.Node ?? '')).value.map(({ ID }) => ID)).toContain(session);
  expect((await client.session.list()).value.map(({ ID }) => ID)).toContain(session);
  expect(await client.session.destroy(session)).toBe(true);
  expect((await client.session.info(session)).value).toBeUndefined();
  await expect(client.session.renew(session)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await client.kv.delete(key);
});

test('txn: all or nothing', async () => {
  const key = `${run}-txn`;
  const flags = 2n ** 63n + 1n;
  const done = await client.txn.run([
    { KV: { Verb: 'set', Key: key, Value: 'text', Flags: flags } },
    { KV: { Verb: 'get', Key: key } },
  ]);
  expect(done).toMatchObject({
    ok: true,
    results: [{ KV: { Key: key } }, { KV: { Value: Buffer.from('text'), Flags: flags } }],
  });
  const refused = await client.txn.run([
    { KV: { Verb: 'set', Key: key, Value: new Uint8Array([1]) } },
    { KV: { Verb: 'check-not-exists', Key: key } },
  ]);
  expect(refused).toMatchObject({ ok: false, errors: [{ OpIndex: 1 }] });
  expect((await client.kv.get(key)).value?.Value.toString()).toBe('text');
  expect(await client.txn.run([{ KV: { Verb: 'delete', Key: key } }])).toMatchObject({ ok: true });
});

test('event: fired, listed, and waited for by an index of 64 bits', async () => {
  const fired = await client.event.fire(run, { payload: 'hello' });
  expect(fired.Payload.toString()).toBe('hello');
  await expect.poll(async () => (await client.event.list({ name: run })).value.map(({ ID }) => ID)).toEqual([fired.ID]);
  const now = await client.event.list({ name: run });
  // A rounded index would differ from the agent's and be answered at once.
  let answered = false;
  const next = client.event.list({ name: run, index: now.index, waitMs: 10_000 }).finally(() => (answered = true));
  await client.status.leader();
  await client.status.leader();
  expect(answered).toBe(false);
  const second = await client.event.fire(run);
  expect((await next).value.map(({ ID }) => ID)).toContain(second.ID);
});

test('query: kept, run, explained', async () => {
  await client.agent.register({ Name: `${run}-q`, Port: 1 });
  const id = await client.query.create({ Name: run, Service: { Service: `${run}-q` } });
  expect((await client.query.get(id)).value).toMatchObject({ ID: id, Name: run });
  await client.query.update(id, { Name: run, Service: { Service: `${run}-q`, OnlyPassing: true } });
  expect((await client.query.list()).value.map(({ ID }) => ID)).toContain(id);
  expect((await client.query.execute(run, { limit: 1 })).value.Nodes).toHaveLength(1);
  expect((await client.query.explain(run)).value.Query.Service?.OnlyPassing).toBe(true);
  await client.query.delete(id);
  // A client agent says before it how it came to know.
  await expect(client.query.get(id)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringMatching(/Query not found$/),
  });
  await client.agent.deregister(`${run}-q`);
});

test('status and coordinates', async () => {
  expect((await client.status.leader()).value).toMatch(/:\d+$/);
  expect((await client.status.peers()).value.length).toBeGreaterThan(0);
  const { value: distances } = await client.coordinate.datacenters();
  for (const one of distances) expect(one).toHaveProperty('Coordinates');
  if (given === undefined) expect(distances).toHaveLength(1);
  expect((await client.coordinate.nodes()).value).toBeInstanceOf(Array);
  await expect(client.coordinate.node(`${run}-none`)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await client.catalog.register({ Node: `${run}-far`, Address: '10.0.0.9' });
  const Coord = { Vec: [0, 0, 0, 0, 0, 0, 0, 0], Error: 1.5, Adjustment: 0, Height: 0.01 };
  await client.coordinate.update({ Node: `${run}-far`, Coord });
  await client.catalog.deregister({ Node: `${run}-far` });
});

test('configuration entries, intentions and certificates, as far as the agent has them', async () => {
  expect((await client.config.get('service-defaults', `${run}-none`)).value).toBeUndefined();
  expect((await client.config.list('service-router')).value).toEqual([]);
  expect((await client.intentions.check('a', 'b')).value).toEqual({ Allowed: true });
  expect((await client.intentions.match('source', ['a', 'b'])).value).toHaveProperty('a');
  expect((await client.intentions.list()).value).toBeInstanceOf(Array);
  await expect(client.intentions.get('a', `${run}-none`)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

ours('what this agent has not is UNSUPPORTED', async () => {
  expect((await client.connect.roots()).value.Roots).toEqual([]);
  expect((await client.connect.agentRoots()).value.Roots).toEqual([]);
  for (const call of [
    client.config.set({ Kind: 'service-defaults', Name: 'a' }),
    client.config.delete('service-defaults', 'a'),
    client.connect.leaf('a'),
    client.connect.configuration(),
    client.discoveryChain.compile('a'),
    client.discoveryChain.compileWith('a', {}),
    client.intentions.put('a', 'b', { Action: 'allow' }),
  ]) {
    await expect(call).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  }
});

test('acl: off', async () => {
  const { tokens, policies, roles, authMethods, bindingRules } = client.acl;
  for (const table of [tokens, policies, roles, authMethods, bindingRules]) {
    await expect(table.list()).rejects.toMatchObject({ code: 'UNAUTHENTICATED', message: 'ACL support disabled' });
  }
});

ours('snapshot: the archive comes and goes as a stream', async () => {
  await client.kv.put(`${run}-kept`, 'then');
  const { value: archive, index } = await client.snapshot.save();
  const bytes = await buffer(archive);
  expect(index).toBeGreaterThan(0);
  await client.kv.put(`${run}-kept`, 'now');
  await client.snapshot.restore(bytes);
  expect((await client.kv.raw(`${run}-kept`)).value?.toString()).toBe('then');
  await expect(client.snapshot.restore(Buffer.from('no archive'))).rejects.toHaveProperty('code');
});

test('operator', async () => {
  const { value: raft } = await client.operator.raftConfiguration();
  const servers = raft.Servers.length;
  if (given === undefined) expect(servers).toBe(1);
  expect((await client.operator.autopilotHealth()).value.Servers).toHaveLength(servers);
  const { value: before } = await client.operator.autopilotConfiguration();
  expect(await client.operator.configureAutopilot({ ...before, MaxTrailingLogs: 300 })).toBe(true);
  expect((await client.operator.autopilotConfiguration()).value.MaxTrailingLogs).toBe(300);
  await expect(client.operator.keyring()).rejects.toHaveProperty('code');
  await expect(client.operator.removePeer({ id: 'nobody' })).rejects.toHaveProperty('code');
});

ours('operator: what came with later Consuls', async () => {
  expect((await client.operator.autopilotState()).value.Voters).toHaveLength(1);
  expect(Object.keys((await client.operator.usage()).value.Usage)).toHaveLength(1);
});

describe('watch', () => {
  test('the answer of now, and every one that differs, until it is left', async () => {
    const name = `${run}-watched`;
    const seen: number[] = [];
    for await (const { value } of client.watch((turn) => client.health.service(name, turn))) {
      seen.push(value.length);
      if (seen.length === 1) await client.agent.register({ Name: name, Port: 1 });
      if (seen.length === 2) await client.agent.deregister(name);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual([0, 1, 0]);
  });

  test('every read that blocks can be watched', async () => {
    const reads = {
      nodes: client.watch((turn) => client.catalog.nodes(turn)),
      services: client.watch((turn) => client.catalog.services(turn)),
      service: client.watch((turn) => client.catalog.service('consul', turn)),
      node: client.watch((turn) => client.catalog.node('n', turn)),
      checks: client.watch((turn) => client.health.checks('consul', turn)),
      state: client.watch((turn) => client.health.state('any', turn)),
      key: client.watch((turn) => client.kv.get(`${run}/none`, turn)),
      raw: client.watch((turn) => client.kv.raw(`${run}/none`, turn)),
      keys: client.watch((turn) => client.kv.keys(`${run}/`, turn)),
      list: client.watch((turn) => client.kv.list(`${run}/`, turn)),
      sessions: client.watch((turn) => client.session.list(turn)),
      events: client.watch((turn) => client.event.list(turn)),
      queries: client.watch((turn) => client.query.list(turn)),
      coordinates: client.watch((turn) => client.coordinate.nodes(turn)),
      entry: client.watch((turn) => client.config.get('service-defaults', 'none', turn)),
      intentions: client.watch((turn) => client.intentions.list(turn)),
    };
    for (const [what, read] of Object.entries(reads)) {
      expect((await read.next()).done, what).toBe(false);
      await read.return();
    }
  });

  test('tells of failures and goes on; ends with its signal', async () => {
    await using gone = new ConsulClient({ addresses: '127.0.0.1:1' });
    const stop = new AbortController();
    const codes: string[] = [];
    const watched = gone.watch<ConsulServiceEntry[]>((turn) => gone.health.service('a', turn), {
      signal: stop.signal,
      onError: ({ code }) => {
        codes.push(code);
        if (codes.length === 2) stop.abort();
      },
    });
    expect(await watched.next()).toEqual({ done: true, value: undefined });
    expect(codes).toEqual(['UNAVAILABLE', 'UNAVAILABLE']);
  });
});
