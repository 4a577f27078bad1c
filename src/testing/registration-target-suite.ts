import assert from 'node:assert/strict';
import type { RegisteredInstance, RegistrationTarget } from '../client/registration/registration-target.js';
import type { ServiceRegistration } from '../model/index.js';
import { isDiscoveryError } from '../model/index.js';

/** A target with nothing registered. Made anew for every case. */
export interface TargetSubject {
  readonly target: RegistrationTarget;
  close(): Promise<void>;
}

export interface TargetCase {
  readonly name: string;
  run(): Promise<void>;
}

/**
 * The exam of every RegistrationTarget, ours and a user's own, for any test framework:
 *
 *   for (const { name, run } of registrationTargetSuite(openSubject)) test(name, run);
 */
export function registrationTargetSuite(open: () => Promise<TargetSubject>): readonly TargetCase[] {
  return Object.entries(CASES).map(([name, examine]) => ({
    name,
    run: async () => {
      const subject = await open();
      try {
        await examine(subject.target);
      } finally {
        await subject.close();
      }
    },
  }));
}

const API = { ID: 'api-1', Name: 'api', Address: '10.1.1.1', Port: 80, Tags: ['v1'] } satisfies ServiceRegistration;

const CASES: Readonly<Record<string, (target: RegistrationTarget) => Promise<void>>> = {
  'it says where its node is': async (target) => {
    const { nodeAddress, nodeName, locality } = await target.describe();
    assert.notEqual(nodeAddress, '');
    assert.notEqual(nodeName, '');
    await target.register({ ...API, ...(locality ? { Locality: { Region: 'eu' } } : {}) });
  },

  'what is registered can be read, alone and in the list': async (target) => {
    assert.equal(await target.read('api-1'), undefined);
    await target.register(API);
    const found = await present(target);
    const { version: _, ...fields } = found;
    assert.deepEqual(fields, { id: 'api-1', service: 'api', address: '10.1.1.1', port: 80, tags: ['v1'] });
    const listed = (await target.list()).get('api-1');
    assert.deepEqual({ ...listed, version: '' }, { ...found, version: '' });
  },

  'an address that was not given stays so': async (target) => {
    await target.register({ ID: 'api-1', Name: 'api', Port: 80 });
    assert.equal((await present(target)).address, '');
  },

  'ids are any text': async (target) => {
    for (const id of ['a/b', 'a b', 'ä', 'a"b', 'a%2Fb', '__proto__']) {
      await target.register({ ...API, ID: id });
      assert.equal((await target.read(id))?.id, id);
      assert.ok(await target.isServing('api', id), id);
      await target.deregister(id);
      assert.equal(await target.read(id), undefined);
    }
  },

  'registering equal contents changes nothing, other ones everything': async (target) => {
    await target.register(API);
    const { version } = await present(target);
    await target.register(API);
    assert.equal((await present(target)).version, version);
    await target.register({ ...API, Tags: ['v2'], Port: 81 });
    const changed = await present(target);
    assert.deepEqual([changed.tags, changed.port], [['v2'], 81]);
    assert.notEqual(changed.version, version);
  },

  'checks that a registration does not name any more are gone': async (target) => {
    await target.register({ ...API, Check: { CheckID: 'old', TTL: '1m', Status: 'passing' } });
    await target.reportTtl('old', 'critical', 'broken');
    assert.equal(await target.isServing('api', 'api-1'), false);
    await target.register(API);
    assert.equal(await target.isServing('api', 'api-1'), true);
    await rejectsNotFound(target.reportTtl('old', 'passing', ''));
  },

  'a check that stays keeps its status': async (target) => {
    const body = { ...API, Check: { CheckID: 'c', TTL: '1m' } };
    await target.register(body);
    await target.reportTtl('c', 'passing', '');
    await target.register({ ...body, Tags: ['v2'] });
    assert.equal(await target.isServing('api', 'api-1'), true);
  },

  'deregistering succeeds, also when there is none': async (target) => {
    await target.register(API);
    await target.deregister('api-1');
    await target.deregister('api-1');
    assert.equal(await target.read('api-1'), undefined);
    assert.equal((await target.list()).has('api-1'), false);
  },

  'reports decide whether an instance is served': async (target) => {
    await target.register({ ...API, Check: { TTL: '1m' } });
    assert.equal(await target.isServing('api', 'api-1'), false);
    await target.reportTtl('service:api-1', 'passing', '');
    assert.equal(await target.isServing('api', 'api-1'), true);
    await target.reportTtl('service:api-1', 'warning', 'slow');
    assert.equal(await target.isServing('api', 'api-1'), false);
  },

  'several checks without ids are told apart by position': async (target) => {
    await target.register({ ...API, Checks: [{ TTL: '1m' }, { TTL: '1m' }] });
    await target.reportTtl('service:api-1:1', 'passing', '');
    await target.reportTtl('service:api-1:2', 'passing', '');
    assert.equal(await target.isServing('api', 'api-1'), true);
  },

  'a report to a check that is not there, or takes none, is NOT_FOUND': async (target) => {
    await rejectsNotFound(target.reportTtl('service:api-1', 'passing', ''));
    await target.register({ ...API, Check: { TCP: '127.0.0.1:1', Interval: '1h' } });
    await rejectsNotFound(target.reportTtl('service:api-1', 'passing', ''));
  },

  'maintenance takes an instance out and tells why': async (target) => {
    await rejectsNotFound(target.setMaintenance('api-1', true, 'update'));
    assert.equal(await target.maintenanceReason('api-1'), undefined);
    await target.register(API);
    assert.equal(await target.maintenanceReason('api-1'), undefined);
    await target.setMaintenance('api-1', true, 'update');
    await target.setMaintenance('api-1', true, 'again');
    assert.equal(await target.maintenanceReason('api-1'), 'update');
    assert.equal(await target.isServing('api', 'api-1'), false);
    await target.setMaintenance('api-1', false, '');
    assert.equal(await target.maintenanceReason('api-1'), undefined);
    assert.equal(await target.isServing('api', 'api-1'), true);
  },

  'an instance that is not there is not served': async (target) => {
    await target.register({ ...API, ID: 'api-2' });
    assert.equal(await target.isServing('api', 'api-1'), false);
    assert.equal(await target.isServing('other', 'api-2'), false);
  },

  'a standing question is answered when the instance goes': async (target) => {
    await target.register(API);
    const gone = target.readChanged(await present(target), new AbortController().signal);
    await target.register({ ...API, ID: 'api-2' });
    await target.deregister('api-1');
    assert.equal(await gone, undefined);
  },

  'and when it becomes another one': async (target) => {
    await target.register(API);
    const known = await present(target);
    const other = target.readChanged(known, new AbortController().signal);
    await target.register({ ...API, Port: 81 });
    assert.equal((await other)?.port, 81);
    const atOnce = await target.readChanged(known, new AbortController().signal);
    assert.equal(atOnce?.port, 81);
  },

  'a standing question ends with its signal': async (target) => {
    await target.register(API);
    const life = new AbortController();
    const held = target.readChanged(await present(target), life.signal);
    life.abort();
    await assert.rejects(held);
  },

  'a call that is aborted changes nothing and is ABORTED': async (target) => {
    const signal = AbortSignal.abort();
    await assert.rejects(target.register(API, { signal }), isDiscoveryErrorOf('ABORTED'));
    assert.equal(await target.read('api-1'), undefined);
  },

  'a definition that is no good is INVALID_ARGUMENT': async (target) => {
    await assert.rejects(
      target.register({ ...API, Check: { HTTP: 'http://x' } }),
      isDiscoveryErrorOf('INVALID_ARGUMENT'),
    );
    assert.equal(await target.read('api-1'), undefined);
  },
};

async function present(target: RegistrationTarget): Promise<RegisteredInstance> {
  const found = await target.read('api-1');
  assert.ok(found);
  return found;
}

function rejectsNotFound(call: Promise<void>): Promise<void> {
  return assert.rejects(call, isDiscoveryErrorOf('NOT_FOUND'));
}

function isDiscoveryErrorOf(code: 'ABORTED' | 'INVALID_ARGUMENT' | 'NOT_FOUND'): (error: unknown) => boolean {
  return (error) => isDiscoveryError(error, code);
}
