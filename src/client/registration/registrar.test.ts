import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ServiceDiscoveryError } from '../../model/index.js';
import { FakeClock, settle } from '../../testing/fake-clock.js';
import { MemoryRegistrationTarget } from '../../testing/memory-registration-target.js';
import { seededRandom } from '../../testing/seeded-random.js';
import type { Registrar, RegistrarOptions } from './registrar.js';
import { createRegistrar } from './registrar.js';
import type { Registration } from './registration.js';

interface World {
  readonly clock: FakeClock;
  readonly target: MemoryRegistrationTarget;
  readonly registrar: Registrar;
}

function world(options: Partial<RegistrarOptions> = {}): World {
  const clock = new FakeClock();
  const target = new MemoryRegistrationTarget(clock);
  let ids = 0;
  const newId = (): string => `u${++ids}`;
  return { clock, target, registrar: createRegistrar({ target, clock, random: seededRandom(1), newId, ...options }) };
}

/** Events in the order they came, as `name` or `name:code`. */
function heard(registration: Registration): string[] {
  const events: string[] = [];
  registration.on('lost', () => void events.push('lost'));
  registration.on('restored', () => void events.push('restored'));
  registration.on('conflict', ({ code }) => void events.push(`conflict:${code}`));
  registration.on('error', ({ code }) => void events.push(`error:${code}`));
  return events;
}

const UNAVAILABLE = new ServiceDiscoveryError('UNAVAILABLE', 'connection refused');

describe('registering', () => {
  test('every call without an id makes an instance of its own', async () => {
    const { target, registrar } = world();
    const [a, b] = [await registrar.register('api', { port: 1 }), await registrar.register('api', { port: 1 })];
    expect([a.id, b.id]).toEqual(['api-u1', 'api-u2']);
    expect([...(await target.list()).keys()]).toEqual(['api-u1', 'api-u2']);
  });

  test('the same id at the same place again changes nothing and is the same registration', async () => {
    const { target, registrar } = world();
    const first = await registrar.register('api', { id: 'a', port: 1 });
    const { index } = target;
    expect(await registrar.register('api', { id: 'a', port: 1 })).toBe(first);
    expect(target.index).toBe(index);
  });

  test('with other contents it takes them over', async () => {
    const { target, registrar } = world();
    const first = await registrar.register('api', { id: 'a', port: 1, check: { ttl: '9s' } });
    expect(await registrar.register('api', { id: 'a', port: 1, tags: ['v2'] })).toBe(first);
    expect(target.body('a')).toMatchObject({ Tags: ['v2'] });
    await expect(first.report('passing')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('the address of the node is asked for when a check needs it', async () => {
    const { target, registrar } = world();
    const { id, address } = await registrar.register('api', { port: 80, check: { http: '/up' } });
    expect(address).toBe('');
    expect(target.body(id)).toMatchObject({ Address: '', Check: { HTTP: 'http://10.0.0.1:80/up' } });
  });

  test('a registry that refuses is the caller’s to hear of, and nothing is kept', async () => {
    const { clock, target, registrar } = world();
    target.fault = () => ({ error: new ServiceDiscoveryError('PERMISSION_DENIED', 'no') });
    await expect(registrar.register('api', { port: 1 })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(registrar.registrations()).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test('an instance of a failed call that is there all the same goes away by itself', async () => {
    const { clock, target, registrar } = world();
    target.fault = ({ name }) => (name === 'register' ? { error: UNAVAILABLE, happens: true } : undefined);
    await expect(registrar.register('api', { port: 1 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(target.body('api-u1')).toBeDefined();
    await clock.advance(1_000);
    expect(target.body('api-u1')).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  test('signal and timeoutMs bound it', async () => {
    const { clock, target, registrar } = world();
    target.fault = () => ({ delayMs: 60_000 });
    const slow = expect(registrar.register('api', { port: 1 }, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
    await clock.advance(50);
    await slow;
    const signal = AbortSignal.abort();
    await expect(registrar.register('api', { port: 1 }, { signal })).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test('refuse leaves an id to another endpoint that is passing, and takes it from one that is not', async () => {
    const { target, registrar } = world();
    target.put({ ID: 'a', Name: 'api', Port: 1 });
    const asked = { id: 'a', port: 2, onConflict: 'refuse' } as const;
    await expect(registrar.register('api', asked)).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { ours: { address: '', port: 2 }, theirs: { address: '', port: 1 } },
    });
    expect(target.body('a')).toMatchObject({ Port: 1 });
    await target.setMaintenance('a', true, 'broken');
    await registrar.register('api', asked);
    expect(target.body('a')).toMatchObject({ Port: 2 });
  });

  test('a successor ends the draining of a predecessor that did not deregister, and no other maintenance', async () => {
    const { clock, target, registrar } = world();
    const before = await registrar.register('api', { id: 'a', port: 1 });
    const drained = before.drain();
    await clock.advance(1_000);
    await drained;
    const successor = createRegistrar({ target, clock });
    await successor.register('api', { id: 'a', port: 1 });
    expect(await target.maintenanceReason('a')).toBeUndefined();
    await target.setMaintenance('a', true, 'by hand');
    await createRegistrar({ target, clock }).register('api', { id: 'a', port: 1 });
    expect(await target.maintenanceReason('a')).toBe('by hand');
  });

  test('one that was under way when the registrar closed is CLOSED and leaves nothing', async () => {
    const { clock, target, registrar } = world();
    target.fault = ({ name }) => (name === 'register' ? { delayMs: 100 } : undefined);
    const registering = expect(registrar.register('api', { port: 1 })).rejects.toMatchObject({ code: 'CLOSED' });
    const closed = registrar.close();
    await clock.advance(100);
    await Promise.all([registering, closed]);
    expect((await target.list()).size).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test.each([
    [true, []],
    [false, ['a', 'k']],
  ])('closing with deregister %j leaves %j of what is registered and being registered', async (deregister, left) => {
    const { clock, target, registrar } = world();
    await registrar.register('api', { id: 'k', port: 1 });
    target.fault = ({ name }) => (name === 'register' || name === 'read' ? { delayMs: 100 } : undefined);
    const registering = expect(registrar.register('api', { id: 'a', port: 2 })).rejects.toMatchObject({
      code: 'CLOSED',
    });
    await settle();
    const closed = registrar.close({ deregister });
    await clock.advance(500);
    await Promise.all([registering, closed]);
    target.fault = () => undefined;
    expect([...(await target.list()).keys()].toSorted()).toEqual(left);
    expect(clock.pending).toBe(0);
  });

  test('the time that closing is given is for all of it, and what failed is told', async () => {
    const { clock, target, registrar } = world();
    for (let n = 0; n < 100; n++) await registrar.register('api', { id: `a${n}`, port: 1 });
    target.fault = ({ name }) => (name === 'read' ? { delayMs: 1_000_000 } : undefined);
    const failed: unknown[] = [];
    const began = clock.now();
    let endedMs = Infinity;
    const closed = registrar.close({ deregister: true, timeoutMs: 500, onFailed: (error) => failed.push(error) });
    void closed.then(() => (endedMs = clock.now() - began));
    await clock.advance(20_000);
    await closed;
    expect(failed).toHaveLength(100);
    expect(failed[0]).toMatchObject({ code: 'TIMEOUT' });
    expect(endedMs).toBeLessThan(1_000);
  });

  test('it shows neither its inner parts nor what its checks send', async () => {
    const { registrar } = world();
    const check = { http: '/', headers: { Authorization: 'verysecret' } };
    const registration = await registrar.register('api', { port: 1, check });
    expect(inspect(registration, { depth: 10 })).toBe(
      "Registration { service: 'api', id: 'api-u1', state: 'registered' }",
    );
  });

  test('after close nothing is registered', async () => {
    const { registrar } = world();
    await registrar.close();
    await expect(registrar.register('api', { port: 1 })).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('self-repair', () => {
  const LOSSES = {
    'an agent that restarted empty': ({ target }: World) => target.wipe(),
    'a deregistration by mistake': ({ target }: World) => target.drop('api-u1'),
  };

  test.each(Object.entries(LOSSES))('%s: it is back within a second', async (_name, lose) => {
    const it = world();
    const registration = await it.registrar.register('api', { port: 1, tags: ['v1'] });
    const events = heard(registration);
    await it.clock.advance(20_000);
    lose(it);
    await it.clock.advance(1_000);
    expect(it.target.body('api-u1')).toMatchObject({ Tags: ['v1'] });
    expect(events).toEqual(['lost', 'restored']);
    expect(registration.state).toBe('registered');
  });

  test('many are looked at together, and are back after one look', async () => {
    const { clock, target, registrar } = world();
    await registrar.registerAll(Array.from({ length: 100 }, (_, port) => ({ name: 'api', port })));
    target.wipe();
    target.trace.length = 0;
    await clock.advance(7_000);
    expect((await target.list()).size).toBe(100);
    expect(target.trace.filter((call) => call.startsWith('list')).length).toBeLessThanOrEqual(3);
  });

  test('many that are lost at once are put back sixteen at a time', async () => {
    const { clock, target, registrar } = world();
    await registrar.registerAll(Array.from({ length: 100 }, (_, port) => ({ name: 'api', port })));
    let now = 0;
    let most = 0;
    const register = target.register.bind(target);
    target.register = async (...args) => {
      most = Math.max(most, ++now);
      await register(...args).finally(() => (now -= 1));
    };
    target.fault = ({ name }) => (name === 'register' ? { delayMs: 50 } : undefined);
    target.wipe();
    await clock.advance(8_000);
    expect((await target.list()).size).toBe(100);
    expect(most).toBe(16);
  });

  test('while the registry cannot be asked it is asked less and less, and its loss is mended after', async () => {
    const { clock, target, registrar } = world();
    const registration = await registrar.register('api', { port: 1 });
    const events = heard(registration);
    await clock.advance(1_000);
    target.wipe();
    let asked = 0;
    target.fault = () => {
      asked += 1;
      return { error: UNAVAILABLE };
    };
    await clock.advance(120_000);
    expect(asked).toBeLessThan(250);
    expect(new Set(events)).toEqual(new Set(['error:UNAVAILABLE', 'lost']));
    target.fault = () => undefined;
    await clock.advance(5_000);
    expect(registration.state).toBe('registered');
    expect(target.body('api-u1')).toBeDefined();
  });

  test('it never brings back what its owner deregistered, not even from a repair under way', async () => {
    const { clock, target, registrar } = world();
    const registration = await registrar.register('api', { port: 1 });
    await clock.advance(1_000);
    target.fault = ({ name }) => (name === 'register' ? { delayMs: 3_000 } : undefined);
    target.wipe();
    await clock.advance(1_000);
    expect(registration.state).toBe('lost');
    const ended = registration.deregister();
    expect(registration.state).toBe('deregistered');
    await clock.advance(10_000);
    await ended;
    expect(target.body('api-u1')).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  test('after close nothing comes back, and no timer is left', async () => {
    const { clock, target, registrar } = world();
    await registrar.register('api', { port: 1, check: { ttl: '9s' } });
    await registrar.close();
    await registrar.close();
    target.wipe();
    await clock.advance(60_000);
    expect(target.body('api-u1')).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  test('tags that an operator set stay, where the registration allows it', async () => {
    const { clock, target, registrar } = world();
    await registrar.register('api', { id: 'a', port: 1, tags: ['v1'], enableTagOverride: true });
    await registrar.register('api', { id: 'b', port: 1, tags: ['v1'] });
    for (const id of ['a', 'b']) target.put({ ...target.body(id), Tags: ['v1', 'hot'] });
    await clock.advance(10_000);
    expect(target.body('b')).toMatchObject({ Tags: ['v1', 'hot'] });
    target.wipe();
    await clock.advance(1_000);
    expect(target.body('a')).toMatchObject({ Tags: ['v1', 'hot'] });
    expect(target.body('b')).toMatchObject({ Tags: ['v1'] });
  });
});

describe('two owners of one id', () => {
  test('the newer one has it; the other is told, stops, and leaves theirs', async () => {
    const { clock, target, registrar } = world();
    const other = createRegistrar({ target, clock });
    const first = await registrar.register('api', { id: 'a', port: 1, check: { ttl: '9s' } });
    const events = heard(first);
    await clock.advance(1_000);
    const second = await other.register('api', { id: 'a', port: 2, check: { ttl: '9s' } });
    target.trace.length = 0;
    await clock.advance(60_000);
    expect(events).toEqual(['conflict:CONFLICT']);
    expect([first.state, second.state]).toEqual(['conflict', 'registered']);
    expect(target.trace.filter((call) => call.startsWith('register'))).toEqual([]);
    await expect(first.report('passing')).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(first.deregister()).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(first.deregister()).rejects.toMatchObject({ code: 'CONFLICT' });
    await first[Symbol.asyncDispose]();
    expect(target.body('a')).toMatchObject({ Port: 2 });
    await second.deregister();
    await first.deregister();
    expect(target.body('a')).toBeUndefined();
  });

  test('a look that a write of ours has overtaken tells nothing', async () => {
    const { clock, target, registrar } = world();
    const registration = await registrar.register('api', { id: 'a', port: 1 });
    const events = heard(registration);
    await clock.advance(100);
    target.fault = ({ name }) => {
      if (name === 'readChanged') return { error: UNAVAILABLE };
      return name === 'read' ? { answerMs: 3_000 } : undefined;
    };
    await clock.advance(500);
    target.put({ ID: 'a', Name: 'api', Port: 2 });
    // By now a look has found the other owner's, and has not been told yet.
    await clock.advance(1_200);
    expect(await registrar.register('api', { id: 'a', port: 1 })).toBe(registration);
    await clock.advance(20_000);
    expect(events).toEqual([]);
    expect(target.body('a')).toMatchObject({ Port: 1 });
  });

  test('in one process as well', async () => {
    const { target, registrar } = world();
    const first = await registrar.register('api', { id: 'a', port: 1 });
    const events = heard(first);
    const second = await registrar.register('api', { id: 'a', port: 2 });
    expect(events).toEqual(['conflict:CONFLICT']);
    expect(second).not.toBe(first);
    expect(registrar.registrations()).toEqual([second]);
    await expect(first.deregister()).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(target.body('a')).toMatchObject({ Port: 2 });
  });

  test('a conflict that nobody noticed yet stops a deregistration', async () => {
    const { target, registrar } = world();
    const first = await registrar.register('api', { id: 'a', port: 1 });
    target.put({ ID: 'a', Name: 'api', Port: 2 });
    await expect(registrar.deregister('a')).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(first.state).toBe('deregistered');
    expect(target.body('a')).toMatchObject({ Port: 2 });
  });
});

describe('standing questions', () => {
  test('are one for each of a few registrations, and one for all of many', async () => {
    const { clock, target, registrar } = world();
    const standing = new Set<string>();
    target.fault = ({ name, id }) => {
      if (name === 'readChanged') standing.add(id ?? '');
      return undefined;
    };
    for (let i = 1; i <= 8; i++) await registrar.register('api', { id: `a${i}`, port: i });
    await clock.advance(1_000);
    expect(standing.size).toBe(8);
    await registrar.register('api', { id: 'a9', port: 9 });
    target.trace.length = 0;
    standing.clear();
    target.wipe();
    await clock.advance(1_000);
    await registrar.register('api', { id: 'a10', port: 10 });
    await clock.advance(100_000);
    expect([...standing]).toEqual(['a1']);
    await registrar.deregister('a1');
    await clock.advance(1_000);
    expect([...standing]).toEqual(['a1', 'a2']);
  });
});

describe('deregistering', () => {
  test('is harmless twice, and when it is gone already', async () => {
    const { clock, target, registrar } = world();
    const registration = await registrar.register('api', { port: 1 });
    target.wipe();
    await Promise.all([registration.deregister(), registration.deregister()]);
    await registration.deregister();
    expect(registrar.registrations()).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test('one that fails is tried again by itself, and by its owner', async () => {
    const { clock, target, registrar } = world();
    const registration = await registrar.register('api', { port: 1 });
    target.fault = () => ({ error: UNAVAILABLE });
    await expect(registration.deregister()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(registration.state).toBe('deregistered');
    await clock.advance(30_000);
    target.fault = () => undefined;
    await clock.advance(6_000);
    expect(target.body('api-u1')).toBeUndefined();
    expect(clock.pending).toBe(0);
    await registration.deregister();
  });

  test('an id registered anew is not removed for the sake of its past', async () => {
    const { clock, target, registrar } = world();
    const registration = await registrar.register('api', { id: 'a', port: 1 });
    target.fault = () => ({ error: UNAVAILABLE });
    await expect(registration.deregister()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    target.fault = () => undefined;
    const again = await registrar.register('api', { id: 'a', port: 1 });
    await clock.advance(60_000);
    await registration.deregister();
    expect(target.body('a')).toBeDefined();
    expect(again.state).toBe('registered');
  });

  test('a call that is aborted before it begins ends nothing', async () => {
    const { registrar } = world();
    const registration = await registrar.register('api', { port: 1 });
    const signal = AbortSignal.abort();
    await expect(registration.deregister({ signal })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(registration.state).toBe('registered');
  });

  test('by an id that is not kept here', async () => {
    const { target, registrar } = world();
    target.put({ ID: 'old', Name: 'api', Port: 1 });
    await registrar.deregister('old');
    await registrar.deregister('old');
    expect(target.body('old')).toBeUndefined();
  });
});

describe('draining', () => {
  test('resolves a moment after the registry serves it no more, and does not end it', async () => {
    const { clock, target, registrar } = world();
    const registration = await registrar.register('api', { port: 1 });
    let isSeen = true;
    target.fault = ({ name }) => (name === 'isServing' && isSeen ? { error: UNAVAILABLE } : undefined);
    let done = false;
    const drained = registration.drain().then(() => (done = true));
    await clock.advance(3_000);
    expect(done).toBe(false);
    isSeen = false;
    await clock.advance(1_000);
    await drained;
    expect(registration.state).toBe('draining');
    expect(await target.isServing('api', registration.id)).toBe(false);
    await registration.drain();
    await registration.deregister();
    expect(clock.pending).toBe(0);
  });

  test('or when its time is up', async () => {
    const { clock, target, registrar } = world();
    const registration = await registrar.register('api', { port: 1 });
    target.fault = ({ name }) => (name === 'isServing' ? { delayMs: 60_000 } : undefined);
    let done = false;
    void registration.drain().then(() => (done = true));
    await clock.advance(4_990);
    expect(done).toBe(false);
    await clock.advance(20);
    expect(done).toBe(true);
  });

  test('one that is lost meanwhile is not put back', async () => {
    const { clock, target, registrar } = world();
    const registration = await registrar.register('api', { port: 1, check: { ttl: '9s' } });
    void registration.drain();
    await clock.advance(1_000);
    target.wipe();
    await clock.advance(30_000);
    expect(target.body('api-u1')).toBeUndefined();
    await registration.deregister();
  });

  test('a registry that cannot be told is heard of; calling again tries again', async () => {
    const { clock, target, registrar } = world();
    const registration = await registrar.register('api', { port: 1 });
    target.fault = () => ({ error: UNAVAILABLE });
    await expect(registration.drain()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    target.fault = () => undefined;
    const drained = registration.drain();
    await clock.advance(1_000);
    await drained;
    expect(await target.maintenanceReason('api-u1')).toContain('draining');
  });

  test('can be aborted', async () => {
    const { clock, target, registrar } = world();
    const registration = await registrar.register('api', { port: 1 });
    target.fault = ({ name }) => (name === 'isServing' ? { error: UNAVAILABLE } : undefined);
    const caller = new AbortController();
    const drained = expect(registration.drain({ signal: caller.signal })).rejects.toMatchObject({ code: 'ABORTED' });
    await clock.advance(100);
    caller.abort();
    await settle();
    await drained;
  });
});

describe('TTL checks', () => {
  test('a registration is passing when it resolves, and is renewed three times in each TTL', async () => {
    const { clock, target, registrar } = world();
    await registrar.register('api', { id: 'a', port: 1, check: { ttl: '9s' } });
    expect(target.statusOf('service:a')).toBe('passing');
    target.trace.length = 0;
    await clock.advance(90_000);
    const renewals = target.trace.filter((call) => call.startsWith('reportTtl')).length;
    expect(renewals).toBeGreaterThanOrEqual(27);
    expect(renewals).toBeLessThanOrEqual(34);
  });

  test('its owner may say what is reported', async () => {
    const { clock, target, registrar } = world();
    const registration = await registrar.register('api', { id: 'a', port: 1, check: { ttl: '9s' } });
    await registration.report('warning', 'disk nearly full');
    expect(target.statusOf('service:a')).toBe('warning');
    target.trace.length = 0;
    await clock.advance(4_000);
    expect(target.trace).toContain('service:a warning disk nearly full');
    await registration.deregister();
    await expect(registration.report('passing')).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test.each([
    [['fine'], 'status'],
    [[undefined], 'status'],
    [['passing', 5], 'output'],
    [['passing', '', { timeoutMs: -1 }], 'timeoutMs'],
    [['passing', '', { signal: {} }], 'signal'],
  ])('a report of %j is refused, naming %s', async (given, field) => {
    const { registrar } = world();
    const registration = await registrar.register('api', { id: 'a', port: 1, check: { ttl: '9s' } });
    const report = registration.report.bind(registration) as (...given: unknown[]) => Promise<void>;
    await expect(report(...given)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { violations: [{ field }] },
    });
  });

  test('a report takes no longer than its caller has, and is made all the same', async () => {
    const { clock, target, registrar } = world();
    const registration = await registrar.register('api', { id: 'a', port: 1, check: { ttl: '9s' } });
    target.fault = ({ name }) => (name === 'reportTtl' ? { delayMs: 500 } : undefined);
    const late = registration
      .report('warning', '', { timeoutMs: 100 })
      .catch((error: ServiceDiscoveryError) => error.code);
    await clock.advance(100);
    expect(await late).toBe('TIMEOUT');
    const stop = new AbortController();
    const left = registration.report('critical', '', { signal: stop.signal });
    stop.abort();
    await expect(left).rejects.toMatchObject({ code: 'ABORTED' });
    await clock.advance(2_000);
    expect(target.statusOf('service:a')).toBe('critical');
  });

  test('a health function that is slow to begin with does not hold up the registration beyond its time', async () => {
    const { clock, registrar } = world();
    const check = { ttl: '60s', health: () => new Promise<boolean>(() => {}) };
    let registered = false;
    void registrar.register('api', { port: 1, check }, { timeoutMs: 500 }).then(() => (registered = true));
    await clock.advance(500);
    expect(registered).toBe(true);
    await registrar.close();
    expect(clock.pending).toBe(0);
  });

  test('a check that the registry lost with its instance is renewed as soon as it is back', async () => {
    const { clock, target, registrar } = world();
    const registration = await registrar.register('api', { id: 'a', port: 1, check: { ttl: '30s' } });
    const events = heard(registration);
    await clock.advance(1_000);
    target.wipe();
    await clock.advance(1_500);
    expect(target.statusOf('service:a')).toBe('passing');
    expect(events).toEqual(['lost', 'restored']);
  });
});

describe('batches', () => {
  const batch = [1, 2, 3].map((port) => ({ name: 'api', id: `a${port}`, port }));

  test('results come in order', async () => {
    const { registrar } = world();
    const registrations = await registrar.registerAll(batch);
    expect(registrations.map(({ id }) => id)).toEqual(['a1', 'a2', 'a3']);
  });

  test('a broken rule of one lets none be sent', async () => {
    const { target, registrar } = world();
    const wrong = [...batch, { name: '', port: 70_000 }, { name: 'x', id: 'a1', port: 1 }];
    await expect(registrar.registerAll(wrong)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: {
        violations: [
          { field: '3.service', rule: 'must be a name, not empty' },
          { field: '3.port', rule: 'must be from 0 to 65535' },
          { field: '4.id', rule: 'is that of 0 too' },
        ],
      },
    });
    expect(target.trace).toEqual([]);
  });

  test('when one fails, none of this call stays; what was kept before does', async () => {
    const { clock, target, registrar } = world();
    const kept = await registrar.register('api', { id: 'a1', port: 1 });
    target.fault = ({ name, id }) => (name === 'register' && id === 'a3' ? { error: UNAVAILABLE } : undefined);
    await expect(registrar.registerAll(batch)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      details: { failures: [{ index: 2, service: 'api', code: 'UNAVAILABLE', message: 'connection refused' }] },
    });
    await clock.advance(30_000);
    expect([...(await target.list()).keys()]).toEqual(['a1']);
    expect(registrar.registrations()).toEqual([kept]);
  });

  test('no more than sixteen at once', async () => {
    const { clock, target, registrar } = world();
    let now = 0;
    let most = 0;
    const register = target.register.bind(target);
    target.register = async (...args) => {
      most = Math.max(most, ++now);
      await register(...args).finally(() => (now -= 1));
    };
    target.fault = ({ name }) => (name === 'register' ? { delayMs: 5 } : undefined);
    const all = registrar.registerAll(Array.from({ length: 50 }, (_, port) => ({ name: 'api', port })));
    await clock.advance(100);
    expect(await all).toHaveLength(50);
    expect(most).toBe(16);
  });
});

test('a listener that throws or rejects harms nobody', async () => {
  const { clock, target, registrar } = world();
  const registration = await registrar.register('api', { port: 1 });
  registration.on('lost', () => {
    throw new Error('listener');
  });
  registration.on('restored', async () => {
    throw new Error('listener');
  });
  await clock.advance(1_000);
  target.wipe();
  await clock.advance(1_000);
  expect(registration.state).toBe('registered');
});
