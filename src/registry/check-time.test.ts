import { describe, expect, test } from 'vitest';
import type { CheckResult } from '../model/index.js';
import { openMemoryStore } from '../store/index.js';
import type { StartedRegistry } from '../testing/started-registry.js';
import { startedRegistry, TEST_NODE } from '../testing/started-registry.js';

const status = (at: StartedRegistry, checkId: string) => at.catalog.check('n1', checkId)?.status;
const output = (at: StartedRegistry, checkId: string) => at.catalog.check('n1', checkId)?.output;

describe('a TTL check', () => {
  test('expires when nobody reports, and tells what was said last', async () => {
    await using at = await startedRegistry();
    await at.registry.registerCheck({ Name: 'beat', TTL: '10s', Status: 'passing' });
    await at.clock.advance(9999);
    expect(status(at, 'beat')).toBe('passing');
    await at.clock.advance(1);
    expect([status(at, 'beat'), output(at, 'beat')]).toEqual(['critical', 'TTL expired']);
    await at.registry.updateTtl('beat', 'passing', 'back');
    expect([status(at, 'beat'), output(at, 'beat')]).toEqual(['passing', 'back']);
    await at.clock.advance(10_000);
    expect(output(at, 'beat')).toBe('TTL expired (last output before timeout follows): back');
  });

  test('lives on reports, which commit nothing while they say the same', async () => {
    await using at = await startedRegistry();
    await at.registry.registerCheck({ Name: 'beat', TTL: '10s', Status: 'passing' });
    const { index } = at.catalog;
    for (let turn = 0; turn < 20; turn++) {
      await at.clock.advance(9000);
      await at.registry.updateTtl('beat', 'passing', '');
    }
    expect([status(at, 'beat'), at.catalog.index]).toEqual(['passing', index]);
  });

  test('has its time anew when registered again', async () => {
    await using at = await startedRegistry();
    const body = { Name: 'beat', TTL: '10s', Status: 'passing' };
    await at.registry.registerCheck(body);
    await at.clock.advance(9000);
    await at.registry.registerCheck(body);
    await at.clock.advance(9000);
    expect(status(at, 'beat')).toBe('passing');
    await at.clock.advance(1000);
    expect(status(at, 'beat')).toBe('critical');
  });

  test('does not expire because the wall clock jumped', async () => {
    await using at = await startedRegistry();
    await at.registry.registerCheck({ Name: 'beat', TTL: '10s', Status: 'passing' });
    at.clock.jumpWall(365 * 86_400_000);
    await at.clock.advance(5000);
    expect(status(at, 'beat')).toBe('passing');
  });

  test('that went does not come back', async () => {
    await using at = await startedRegistry();
    await at.registry.registerCheck({ Name: 'beat', TTL: '10s', Status: 'passing' });
    await at.registry.deregisterCheck('beat');
    await at.clock.advance(60_000);
    expect(at.catalog.check('n1', 'beat')).toBeUndefined();
  });

  test('after a restart has its last status, and its whole time', async () => {
    const before = await startedRegistry();
    await before.registry.registerService({ Name: 'web', Check: { TTL: '10s' } });
    await before.registry.updateTtl('service:web', 'passing', 'well');
    await before.clock.advance(9000);
    const store = openMemoryStore({ snapshot: before.registry.snapshot() });
    await before.registry.close();

    await using at = await startedRegistry({ store });
    expect(at.registry.localCheck('service:web')).toMatchObject({ status: 'passing', output: 'well' });
    await at.clock.advance(9999);
    expect(status(at, 'service:web')).toBe('passing');
    await at.clock.advance(1);
    expect(output(at, 'service:web')).toBe('TTL expired');
  });
});

/** A check whose results the test gives. */
function puppet() {
  const runs: number[] = [];
  let result: CheckResult = { status: 'passing', output: '' };
  return {
    runs,
    says: (next: CheckResult) => void (result = next),
    runners: {
      puppet: {
        run: () => {
          runs.push(runs.length);
          return Promise.resolve(result);
        },
      },
    },
  };
}
function flapping() {
  let run = 0;
  const next = (): Promise<CheckResult> =>
    Promise.resolve({ status: run++ % 2 === 0 ? 'passing' : 'critical', output: '' });
  return { flapping: { run: next } };
}

const PUPPET = { Runner: 'puppet', Interval: '10s' };

describe('a probe', () => {
  test('turns the row at once when the status changes, and later when only the output does', async () => {
    const { says, runners } = puppet();
    await using at = await startedRegistry({ checks: { runners, updateIntervalMs: 100_000 } });
    await at.registry.registerService({ Name: 'web', Check: PUPPET });
    says({ status: 'passing', output: 'one' });
    await at.clock.advance(1000);
    expect([status(at, 'service:web'), output(at, 'service:web')]).toEqual(['passing', 'one']);

    says({ status: 'passing', output: 'two' });
    await at.clock.advance(20_000);
    expect(at.registry.localCheck('service:web')?.output).toBe('two');
    expect(output(at, 'service:web')).toBe('one');
    await at.registry.reconcile();
    expect(output(at, 'service:web')).toBe('one');
    await at.clock.advance(150_000);
    expect(output(at, 'service:web')).toBe('two');
  });

  test('that says the same commits nothing', async () => {
    const { runners, runs } = puppet();
    await using at = await startedRegistry({ checks: { runners } });
    await at.registry.registerService({ Name: 'web', Check: { ...PUPPET, Status: 'passing' } });
    const { index } = at.catalog;
    await at.clock.advance(300_000);
    expect(runs.length).toBeGreaterThan(25);
    expect(at.catalog.index).toBe(index);
  });

  test('counts to its thresholds, its very first result excepted', async () => {
    const { says, runners } = puppet();
    await using at = await startedRegistry({ checks: { runners } });
    const check = { ...PUPPET, SuccessBeforePassing: 2, FailuresBeforeCritical: 2, Status: 'passing' };
    await at.registry.registerService({ Name: 'web', Check: check });
    says({ status: 'critical', output: 'no' });
    await at.clock.advance(10_600);
    expect(status(at, 'service:web')).toBe('critical');
    says({ status: 'passing', output: 'yes' });
    await at.clock.advance(10_600);
    expect(status(at, 'service:web')).toBe('critical');
    await at.clock.advance(10_600);
    expect(status(at, 'service:web')).toBe('passing');
  });

  test('registered again unchanged keeps its turn', async () => {
    const { runners, runs } = puppet();
    await using at = await startedRegistry({ checks: { runners } });
    for (let turn = 0; turn < 60; turn++) {
      await at.registry.registerService({ Name: 'web', Check: PUPPET });
      await at.clock.advance(1000);
    }
    expect(runs.length).toBeGreaterThan(4);
    expect(runs.length).toBeLessThan(9);
  });

  test('starts from its last status after a restart and runs within a second', async () => {
    const first = puppet();
    const before = await startedRegistry({ checks: { runners: first.runners } });
    await before.registry.registerService({ Name: 'web', Check: { ...PUPPET, Interval: '1h' } });
    first.says({ status: 'warning', output: 'so so' });
    await before.clock.advance(1000);
    const store = openMemoryStore({ snapshot: before.registry.snapshot() });
    await before.registry.close();

    const second = puppet();
    await using at = await startedRegistry({ store, checks: { runners: second.runners } });
    expect([status(at, 'service:web'), second.runs.length]).toEqual(['warning', 0]);
    await at.clock.advance(1000);
    expect([status(at, 'service:web'), second.runs.length]).toEqual(['passing', 1]);
  });

  test('leaves a short history of its flips', async () => {
    await using at = await startedRegistry();
    await at.registry.registerCheck({ Name: 'c', TTL: '1h' });
    for (let turn = 0; turn < 40; turn++) {
      await at.clock.advance(1000);
      await at.registry.updateTtl('c', turn % 2 === 0 ? 'passing' : 'critical', `turn ${turn}`);
    }
    const history = at.registry.checkHistory('N1', 'c');
    expect(history).toHaveLength(32);
    expect(history.at(-1)).toEqual({ at: at.clock.wall(), from: 'passing', to: 'critical', output: 'turn 39' });
    await at.registry.deregisterCheck('c');
    expect(at.registry.checkHistory('n1', 'c')).toEqual([]);
  });

  test('whose output is discarded shows none', async () => {
    const { says, runners } = puppet();
    await using at = await startedRegistry({ checks: { runners, discardOutput: true } });
    await at.registry.registerService({ Name: 'web', Check: PUPPET });
    says({ status: 'passing', output: 'secret' });
    await at.clock.advance(1000);
    expect(at.registry.localCheck('service:web')).toMatchObject({ status: 'passing', output: '' });
  });

  test('that flaps is held critical where damping is on', async () => {
    await using at = await startedRegistry({ checks: { damping: true, runners: flapping() } });
    await at.registry.registerService({ Name: 'web', Check: { Runner: 'flapping', Interval: '1s' } });
    await at.clock.advance(10_000);
    expect(at.registry.localCheck('service:web')).toMatchObject({ status: 'critical', flapping: true });
  });
});

describe('an alias check', () => {
  test('follows the instance it mirrors at once', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({
      ID: 'db-1',
      Name: 'db',
      Check: { TTL: '1h', Status: 'passing', Name: 'beat' },
    });
    await at.registry.registerService({ Name: 'proxy', Check: { CheckID: 'mirror', AliasService: 'db-1' } });
    await at.clock.advance(1000);
    expect([status(at, 'mirror'), output(at, 'mirror')]).toEqual(['passing', 'All checks passing.']);
    await at.registry.updateTtl('service:db-1', 'critical', 'gone');
    await at.clock.advance(50);
    expect([status(at, 'mirror'), output(at, 'mirror')]).toEqual(['critical', 'Aliased check "beat" failing: gone']);
    await at.registry.deregisterService('db-1');
    await at.clock.advance(50);
    expect(output(at, 'mirror')).not.toBe('All checks passing.');
  });

  test('of another node reads the catalog', async () => {
    await using at = await startedRegistry();
    const node = { Node: 'far', Address: '10.9.9.9' };
    const check = { Name: 'c', ServiceID: 'db', Status: 'warning', Output: 'slow' };
    await at.registry.registerCatalog({ ...node, Service: { Service: 'db' }, Check: check });
    await at.registry.registerCheck({ Name: 'mirror', AliasNode: 'far', AliasService: 'db' });
    await at.clock.advance(1000);
    expect([status(at, 'mirror'), output(at, 'mirror')]).toEqual(['warning', 'Aliased check "c" failing: slow']);
  });
});

describe('DeregisterCriticalServiceAfter', () => {
  const check = { TTL: '10s', Status: 'passing', DeregisterCriticalServiceAfter: '90s' };

  test('removes a service whose check stayed critical so long, with all its checks', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'web', Checks: [check, { TTL: '1h' }] });
    await at.clock.advance(10_000 + 89_000);
    expect(at.catalog.hasService('web')).toBe(true);
    await at.clock.advance(31_000);
    expect(at.catalog.hasService('web')).toBe(false);
    expect(at.registry.localServices().size).toBe(0);
    expect(at.registry.localChecks().size).toBe(0);
  });

  test('starts anew when the check recovered in between', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'web', Check: { ...check, TTL: '1h' } });
    await at.registry.updateTtl('service:web', 'critical', '');
    await at.clock.advance(80_000);
    await at.registry.updateTtl('service:web', 'warning', '');
    await at.registry.updateTtl('service:web', 'critical', '');
    await at.clock.advance(80_000);
    expect(at.catalog.hasService('web')).toBe(true);
    await at.clock.advance(60_000);
    expect(at.catalog.hasService('web')).toBe(false);
  });

  test('is raised to a minute, and never touches checks of the node', async () => {
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'web', Check: { TTL: '1h', DeregisterCriticalServiceAfter: '1s' } });
    await at.registry.registerCheck({ Name: 'n', TTL: '1h', DeregisterCriticalServiceAfter: '1s' });
    await at.clock.advance(59_000);
    expect(at.catalog.hasService('web')).toBe(true);
    await at.clock.advance(1000);
    expect([at.catalog.hasService('web'), status(at, 'n')]).toEqual([false, 'critical']);
  });

  test('may be as short as the configuration allows', async () => {
    await using at = await startedRegistry({ checks: { minDeregisterAfterMs: 1000 } });
    await at.registry.registerService({ Name: 'web', Check: { TTL: '1h', DeregisterCriticalServiceAfter: '1s' } });
    await at.clock.advance(1600);
    expect(at.catalog.hasService('web')).toBe(false);
  });
});

test('an agent known by another name before takes its rows along', async () => {
  const before = await startedRegistry();
  await before.registry.registerService({ Name: 'web', Check: { TTL: '1h', Status: 'passing' } });
  const store = openMemoryStore({ snapshot: before.registry.snapshot() });
  await before.registry.close();

  await using at = await startedRegistry({ store, node: { ...TEST_NODE, name: 'renamed' } });
  expect(at.catalog.node('n1')).toBeUndefined();
  expect(at.catalog.serviceView('web').instances).toMatchObject([{ node: { node: 'renamed' }, status: 'passing' }]);
});
