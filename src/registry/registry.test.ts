import { describe, expect, test } from 'vitest';
import type { CheckRegistration, ServiceRegistration } from '../model/index.js';
import { startedRegistry } from '../testing/started-registry.js';

const ttl = (extra: CheckRegistration = {}): CheckRegistration => ({ TTL: '60s', ...extra });

describe('a registry', () => {
  test('shows its own node, the consul service and serfHealth from the start', async () => {
    await using at = await startedRegistry();
    expect(at.catalog.ready).toBe(true);
    expect(at.catalog.node('N1')).toMatchObject({
      id: at.registry.nodeId,
      address: '10.0.0.1',
      taggedAddresses: { lan: '10.0.0.1', lan_ipv4: '10.0.0.1', wan: '10.0.0.1', wan_ipv4: '10.0.0.1' },
      meta: { 'consul-network-segment': '', 'consul-version': '1.21.4' },
    });
    expect(at.catalog.serviceView('consul').instances).toMatchObject([{ service: { port: 8300 }, status: 'passing' }]);
    expect(at.catalog.check('n1', 'serfHealth')).toMatchObject({
      name: 'Serf Health Status',
      status: 'passing',
      output: 'Agent alive and reachable',
    });
    expect(at.registry.localServices().size).toBe(0);
  });

  test('has addresses of its own family on IPv6', async () => {
    await using at = await startedRegistry({ node: { name: 'six', address: '::1' } });
    expect(at.catalog.node('six')?.taggedAddresses).toEqual({
      lan: '::1',
      lan_ipv6: '::1',
      wan: '::1',
      wan_ipv6: '::1',
    });
  });
});

describe('registering a service', () => {
  test('answers once the catalog shows it with its checks', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({
      ID: 'web-1',
      Name: 'web',
      Port: 80,
      Tags: ['a'],
      Check: ttl({ Notes: 'beats' }),
    });
    expect(at.catalog.serviceView('web').instances).toMatchObject([
      {
        service: { id: 'web-1', port: 80, tags: ['a'], meta: null, weights: { Passing: 1, Warning: 1 } },
        checks: [
          {
            checkId: 'service:web-1',
            name: "Service 'web' check",
            status: 'critical',
            output: '',
            notes: 'beats',
            type: 'ttl',
            serviceName: 'web',
            serviceTags: ['a'],
            interval: '',
          },
          { checkId: 'serfHealth' },
        ],
      },
    ]);
  });

  test('gives checks ids by position when there are several', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'web', Check: ttl(), Checks: [ttl({ CheckID: 'mine' }), ttl()] });
    expect([...at.registry.localChecks().keys()].sort()).toEqual(['mine', 'service:web:1', 'service:web:3']);
  });

  test('an empty check is none', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'web', Check: {} });
    expect(at.registry.localChecks().size).toBe(0);
  });

  test('again replaces the definition as a whole and keeps the checks with what they said', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'web', Port: 1, Tags: ['a'], Meta: { k: 'v' }, Check: ttl() });
    await at.registry.updateTtl('service:web', 'warning', 'hm');
    await at.registry.registerService({ Name: 'web', Port: 2, Check: ttl({ Status: 'passing', Notes: 'new' }) });
    expect(at.registry.localServices().get('web')).toMatchObject({ port: 2, tags: [], meta: null });
    expect(at.catalog.check('n1', 'service:web')).toMatchObject({
      status: 'warning',
      output: 'hm',
      notes: 'new',
      serviceTags: [],
    });
    await at.registry.registerService({ Name: 'web', Port: 3 });
    expect(at.registry.localCheck('service:web')).toMatchObject({ status: 'warning', output: 'hm' });
  });

  test('with replaceExistingChecks drops those not given, but not maintenance', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'web', Checks: [ttl({ CheckID: 'a' }), ttl({ CheckID: 'b' })] });
    await at.registry.setServiceMaintenance('web', true, 'why');
    await at.registry.registerService({ Name: 'web', Check: ttl({ CheckID: 'b' }) }, { replaceExistingChecks: true });
    expect([...at.registry.localChecks().keys()].sort()).toEqual(['_service_maintenance:web', 'b']);
    expect(at.catalog.check('n1', 'a')).toBeUndefined();
  });

  test('under another name moves the instance, its checks telling the new name', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({ ID: 'x', Name: 'old', Check: ttl() });
    await at.registry.registerService({ ID: 'x', Name: 'new', Tags: ['t'] });
    expect(at.catalog.serviceView('old').instances).toEqual([]);
    expect(at.catalog.serviceChecks('new').value).toMatchObject([{ serviceName: 'new', serviceTags: ['t'] }]);
  });

  test('the same again moves no index', async () => {
    await using at = await startedRegistry();
    const body: ServiceRegistration = {
      Name: 'web',
      Tags: ['b', 'a'],
      Port: 80,
      Address: '10.1.1.1',
      Meta: { version: '1', __proto__x: 'y' },
      Weights: { Passing: 2, Warning: 1 },
      Locality: { Region: 'eu' },
      Connect: { SidecarService: {} },
      Checks: [{ HTTP: 'http://127.0.0.1:1/', Interval: '1h', Status: 'passing', Header: { A: ['b'] } }, ttl()],
    };
    await at.registry.registerService(body);
    const { index } = at.catalog;
    await at.registry.registerService(body);
    await at.registry.registerService(structuredClone(body));
    expect(at.catalog.index).toBe(index);
  });

  test('keeps names that are properties of objects as plain data', async () => {
    await using at = await startedRegistry();
    const meta = JSON.parse('{"__proto__":"a","constructor":"b"}') as Record<string, string>;
    await at.registry.registerService({ ID: '__proto__', Name: 'constructor', Tags: ['__proto__'], Meta: meta });
    expect(at.registry.localServices().get('__proto__')?.service).toBe('constructor');
    const row = at.catalog.serviceView('constructor').instances[0]?.service;
    expect(Object.entries(row?.meta ?? {})).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
    await at.registry.deregisterService('__proto__');
    expect(at.catalog.hasService('constructor')).toBe(false);
  });

  test('fills tagged addresses from an address that is an IP', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'web', Address: '10.2.0.1', Port: 8000 });
    const own = { Address: '10.2.0.1', Port: 8000 };
    expect(at.registry.localServices().get('web')?.taggedAddresses).toEqual({ lan_ipv4: own, wan_ipv4: own });
  });

  test.each<[ServiceRegistration, string]>([
    [{}, 'Missing service name'],
    [{ Name: 'o', Address: '0.0.0.0' }, 'Invalid service address'],
    [{ Name: 'o', Address: '::', Weights: { Passing: -1 } }, 'Invalid service address'],
    [{ Name: 'o', Weights: { Passing: -1, Warning: 1 } }, 'Invalid Weights: Passing must be greater than 0'],
    [
      { Name: 'o', Meta: { 'a b': 'c' } },
      "Invalid Service Meta: Couldn't load metadata pair ('a b', 'c'): Key contains invalid characters",
    ],
    [{ Name: 'o', Check: { Name: 'c' } }, 'Invalid check: TTL must be > 0 for TTL checks'],
    [{ Name: 'o', Check: { TTL: '10s', Status: 'fine' } }, "Status for checks must 'passing', 'warning', 'critical'"],
    [
      { Name: 'o', TaggedAddresses: { lan_ipv4: { Address: 'nope', Port: 1 } } },
      'Service tagged address "lan_ipv4" must be a valid ipv4 address',
    ],
    [
      { Name: 'o', Check: { Args: ['true'], Interval: '1s' } },
      "Scripts are disabled on this agent from remote calls; to enable, configure 'enable_script_checks' to true",
    ],
    [{ Name: '\ud800' }, 'not valid Unicode: "\\ud800"'],
    [{ Name: 'a\0b' }, 'service name with a NUL character: "a\\u0000b"'],
  ])('refuses %j and leaves nothing behind', async (body, message) => {
    await using at = await startedRegistry();
    const { index } = at.catalog;
    await expect(at.registry.registerService(body)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
    expect(at.catalog.index).toBe(index);
    await at.registry.registerService({ Name: 'after' });
  });

  test.each([-1, 70_000])('does not judge port %d', async (Port) => {
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'odd name!', Port });
    expect(at.registry.localServices().get('odd name!')?.port).toBe(Port);
  });

  test('takes scripts where they are enabled, from files alone if so', async () => {
    const script = { Name: 's', Check: { Args: ['true'], Interval: '1h', Status: 'passing' } };
    await using at = await startedRegistry({ checks: { enableLocalScriptChecks: true } });
    await expect(at.registry.registerService(script)).rejects.toThrow('from remote calls');
    await at.registry.registerService(script, { fromConfig: true });
    await using open = await startedRegistry({ checks: { enableScriptChecks: true } });
    await open.registry.registerService(script);
  });

  test('is refused by a policy with every broken rule', async () => {
    const registrationPolicy = { rules: [{ services: 'api-*', requireStandard: true }] };
    await using at = await startedRegistry({ registrationPolicy });
    await at.registry.registerService({ Name: 'web' });
    const refusal = { code: 'INVALID_ARGUMENT', details: { violations: { length: 4 } } };
    await expect(at.registry.registerService({ Name: 'api-1' })).rejects.toMatchObject(refusal);
    const node = { Node: 'other', Address: '1.1.1.1' };
    await expect(at.registry.registerCatalog({ ...node, Service: { Service: 'api-1' } })).rejects.toMatchObject(
      refusal,
    );
    await expect(
      at.registry.transaction([{ Service: { Verb: 'set', Node: 'n1', Service: { Service: 'api-1' } } }]),
    ).rejects.toMatchObject(refusal);
  });
});

describe('deregistering', () => {
  test('a service takes its checks along, those from outside too', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'web', Check: ttl() });
    await at.registry.registerCheck({ Name: 'extra', ServiceID: 'web', TTL: '1m' });
    await at.registry.registerCatalog({
      Node: 'n1',
      SkipNodeUpdate: true,
      Check: { Name: 'outside', ServiceID: 'web', Status: 'passing' },
    });
    await at.registry.deregisterService('web');
    expect(at.catalog.serviceView('web').instances).toEqual([]);
    expect(Array.from(at.catalog.checksOf('n1'), (check) => check.checkId)).toEqual(['serfHealth']);
    expect(at.registry.localChecks().size).toBe(0);
  });

  test('what is not there says so as 1.21 does', async () => {
    await using at = await startedRegistry();
    await expect(at.registry.deregisterService('x')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'Unknown service ID "x". Ensure that the service ID is passed, not the service name.',
    });
    await expect(at.registry.deregisterService('consul')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(at.registry.deregisterCheck('x')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'Unknown check ID "x". Ensure that the check ID is passed, not the check name.',
    });
  });
});

describe('checks of the agent', () => {
  test('of the node count for all its services and show absent durations as 0s', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'web' });
    await at.registry.registerCheck({ ID: 'mem', Name: 'memory', TTL: '60s', Status: 'passing' });
    expect(at.catalog.check('n1', 'mem')).toMatchObject({
      interval: '0s',
      timeout: '0s',
      serviceId: '',
      status: 'passing',
    });
    await at.registry.updateTtl('mem', 'critical', 'full');
    expect(at.catalog.serviceView('web').instances[0]?.status).toBe('critical');
    await at.registry.deregisterCheck('mem');
    expect(at.catalog.serviceView('web').instances[0]?.status).toBe('passing');
  });

  test('show what was asked, whatever is run', async () => {
    await using at = await startedRegistry();
    await at.registry.registerCheck({ Name: 'fast', TCP: '127.0.0.1:1', Interval: '10ms', Timeout: 500_000_000 });
    expect(at.catalog.check('n1', 'fast')).toMatchObject({ interval: '10ms', timeout: '500ms' });
  });

  test.each<[CheckRegistration, string, string]>([
    [{ TTL: '60s' }, 'INVALID_ARGUMENT', 'Missing check name'],
    [{ Name: 'x', TTL: '60s', Status: 'fine' }, 'INVALID_ARGUMENT', 'Bad check status'],
    [{ Name: 'x' }, 'INVALID_ARGUMENT', 'Invalid check: TTL must be > 0 for TTL checks'],
    [{ Name: 'x', ServiceID: 'nope', TTL: '60s' }, 'NOT_FOUND', 'ServiceID "nope" does not exist'],
  ])('%j is refused', async (body, code, message) => {
    await using at = await startedRegistry();
    await expect(at.registry.registerCheck(body)).rejects.toMatchObject({ code, message });
  });

  test('of another kind than TTL take no reports', async () => {
    await using at = await startedRegistry();
    await at.registry.registerCheck({ Name: 'tcp', TCP: '127.0.0.1:1', Interval: '1h', Status: 'passing' });
    await expect(at.registry.updateTtl('tcp', 'passing', '')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'CheckID "tcp" does not have associated TTL',
      details: { status: 500 },
    });
    await expect(at.registry.updateTtl('nope', 'passing', '')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'Unknown check ID "nope". Ensure that the check ID is passed, not the check name.',
    });
  });

  test('say when they were last heard of, repetitions included, whatever the wall clock did since', async () => {
    await using at = await startedRegistry();
    await at.registry.registerCheck({ Name: 'x', TTL: '1m' });
    expect(at.registry.localCheck('x')?.lastResultAt).toBeUndefined();
    await at.registry.updateTtl('x', 'passing', 'ok');
    await at.clock.advance(5_000);
    await at.registry.updateTtl('x', 'passing', 'ok');
    await at.clock.advance(2_000);
    expect(at.registry.localCheck('x')?.lastResultAt).toBe(at.clock.wall() - 2_000);
    at.clock.jumpWall(3_600_000);
    expect(at.registry.localCheck('x')?.lastResultAt).toBe(at.clock.wall() - 2_000);
  });

  test('keep the beginning of a long report', async () => {
    await using at = await startedRegistry();
    await at.registry.registerCheck({ Name: 'x', TTL: '1m' });
    await at.registry.updateTtl('x', 'passing', 'a'.repeat(5000));
    expect(at.registry.localCheck('x')?.output).toBe(`${'a'.repeat(4096)} ... (captured 4096 of 5000 bytes)`);
  });

  test('can be run by the embedding program', async () => {
    const runner = { run: () => Promise.resolve({ status: 'passing' as const, output: 'fine by me' }) };
    await using at = await startedRegistry({ checks: { runners: { mine: runner } } });
    await at.registry.registerService({ Name: 'web', Check: { Runner: 'mine', Interval: '10s' } });
    await at.clock.advance(1000);
    expect(at.catalog.check('n1', 'service:web')).toMatchObject({
      status: 'passing',
      output: 'fine by me',
      type: 'custom',
    });
    expect(await at.registry.runCheckNow('service:web')).toBe(true);
    await expect(at.registry.runCheckNow('nope')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('maintenance', () => {
  test('of a service is a critical check whose reason is the first one given', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'web', Tags: ['a'] });
    await at.registry.setServiceMaintenance('web', true, 'because we can');
    await at.registry.setServiceMaintenance('web', true, 'other');
    expect(at.catalog.check('n1', '_service_maintenance:web')).toMatchObject({
      name: 'Service Maintenance Mode',
      status: 'critical',
      type: 'maintenance',
      notes: 'because we can',
      output: '',
      serviceName: 'web',
      serviceTags: ['a'],
      interval: '',
    });
    expect(at.catalog.serviceView('web').instances[0]?.status).toBe('maintenance');
    await at.registry.setServiceMaintenance('web', false, '');
    await at.registry.setServiceMaintenance('web', false, '');
    expect(at.catalog.serviceView('web').instances[0]?.status).toBe('passing');
    await expect(at.registry.setServiceMaintenance('x', true, '')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('of the node takes all its services out', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'web' });
    await at.registry.setNodeMaintenance(true, '');
    expect(at.catalog.check('n1', '_node_maintenance')).toMatchObject({ name: 'Node Maintenance Mode', serviceId: '' });
    expect(at.catalog.check('n1', '_node_maintenance')?.notes).toMatch(/no reason was provided/);
    expect(at.catalog.serviceView('web').instances[0]?.status).toBe('maintenance');
    await at.registry.setNodeMaintenance(false, '');
    expect(at.catalog.serviceView('web').instances[0]?.status).toBe('passing');
  });
});

describe('config definitions', () => {
  test('are replaced as a set, and leave what came otherwise alone', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'api' });
    await at.registry.applyConfigDefinitions(
      [{ Name: 'a', Check: ttl() }, { Name: 'b' }],
      [{ Name: 'disk', TTL: '1m' }],
    );
    await at.registry.updateTtl('service:a', 'passing', 'ok');
    const { index } = at.catalog;
    await at.registry.applyConfigDefinitions([{ Name: 'a', Check: ttl() }, { Name: 'c' }], []);
    expect([...at.registry.localServices().keys()].sort()).toEqual(['a', 'api', 'c']);
    expect([...at.registry.localChecks().keys()]).toEqual(['service:a']);
    expect(at.registry.localCheck('service:a')?.status).toBe('passing');
    expect(at.catalog.index).toBe(index + 1);
  });

  test('with one mistake change nothing', async () => {
    await using at = await startedRegistry();
    await at.registry.applyConfigDefinitions([{ Name: 'a' }], []);
    await expect(at.registry.applyConfigDefinitions([{ Name: 'b' }, {}], [])).rejects.toThrow('Missing service name');
    expect([...at.registry.localServices().keys()]).toEqual(['a']);
  });
});

test('a policy is asked by every command', async () => {
  await using at = await startedRegistry({
    policy: (token, { kind, name }) => token === 'root' || (token === 'web' && kind === 'service' && name === 'web'),
  });
  const denied = { code: 'PERMISSION_DENIED', message: /^Permission denied/ };
  await expect(at.registry.registerService({ Name: 'web' })).rejects.toMatchObject({ code: denied.code });
  await at.registry.registerService({ Name: 'web' }, { token: 'web' });
  await expect(at.registry.registerCheck({ Name: 'x', TTL: '1m' }, { token: 'web' })).rejects.toMatchObject({
    code: denied.code,
  });
  const write = { key: 'k', value: '', flags: 0n, mode: { type: 'set' } } as const;
  await expect(at.registry.kvPut(write, { token: 'web' })).rejects.toMatchObject({ code: denied.code });
  expect(await at.registry.kvPut(write, { token: 'root' })).toBe(true);
});

test('closing twice is harmless, and commands after it are refused', async () => {
  const at = await startedRegistry();
  await Promise.all([at.registry.close(), at.registry.close()]);
  await at.registry.close();
  await expect(at.registry.registerService({ Name: 'web' })).rejects.toMatchObject({ code: 'CLOSED' });
  expect(at.clock.pending).toBe(0);
});
