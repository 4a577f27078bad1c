/** The registrar with our agent over HTTP, and with a registry in this process. Time is the real one: both have servers. */
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { loadConfig, startAgent, type Agent } from '../../agent/index.js';
import { ConsulClient } from '../../consul/index.js';
import { realClock, type Clock } from '../../runtime/index.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { createRegistry } from '../../registry/index.js';
import { ConsulRegistrationTarget } from '../backends/consul/consul-registration-target.js';
import { RegistryRegistrationTarget } from '../backends/registry/registry-registration-target.js';
import { createRegistrar, type Registrar } from './registrar.js';
import type { Registration, RegistrationEvents } from './registration.js';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function start(httpAddr: string): Promise<Agent> {
  const { config } = await loadConfig({ dev: true, logLevel: 'error', httpAddr, dnsAddr: '127.0.0.1:0' }, {});
  return startAgent(config, { log: () => {} });
}

function world(
  address: string,
  clock: Clock = realClock,
): { readonly client: ConsulClient; readonly registrar: Registrar } {
  const client = new ConsulClient({ addresses: address });
  const registrar = createRegistrar({ target: new ConsulRegistrationTarget(client), clock });
  closing.push(
    () => client.close(),
    () => registrar.close(),
  );
  return { client, registrar };
}

async function agentWorld(clock?: Clock): Promise<ReturnType<typeof world>> {
  const agent = await start('127.0.0.1:0');
  closing.push(() => agent.close());
  return world(agent.addresses.http[0] as string, clock);
}

/** Those that keep the process alive. */
function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

function once<K extends keyof RegistrationEvents>(
  registration: Registration,
  event: K,
): Promise<RegistrationEvents[K]> {
  return new Promise((resolve) => void registration.on(event, resolve));
}

test('an agent that is replaced by an empty one has the instance again, renewed', async () => {
  const first = await start('127.0.0.1:0');
  const address = first.addresses.http[0] as string;
  const { client, registrar } = world(address);
  const registration = await registrar.register('api', { port: 80, tags: ['v1'], check: { ttl: '10s' } });
  const restored = once(registration, 'restored');
  await first.close();
  const second = await start(address.replace(/^http:\/\//, ''));
  closing.unshift(() => second.close());
  await restored;
  const found = await client.agent.service(registration.id);
  expect(found.value.Tags).toEqual(['v1']);
  await expect.poll(() => registration.state).toBe('registered');
  await expect
    .poll(async () => (await client.health.service('api', { passing: true })).value.length, { timeout: 5_000 })
    .toBe(1);
});

describe('with an agent', () => {
  test('a deregistration by mistake is undone; one by the owner is not', async () => {
    const { client, registrar } = await agentWorld();
    const registration = await registrar.register('api', { port: 80 });
    const restored = once(registration, 'restored');
    await client.agent.deregister(registration.id);
    await restored;
    expect((await client.agent.service(registration.id)).value.Port).toBe(80);
    await registration.deregister();
    await expect(client.agent.service(registration.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('registering the same again moves no index', async () => {
    const { client, registrar } = await agentWorld();
    const request = { id: 'a', port: 80, region: 'eu', check: { ttl: '30s' }, metadata: { a: 'b' } };
    await registrar.register('api', request);
    const before = await client.health.service('api');
    await registrar.register('api', request);
    await createRegistrar({ target: new ConsulRegistrationTarget(client) }).register('api', request);
    const after = await client.health.service('api');
    expect(after.index).toBe(before.index);
    expect(after.value[0]?.Service.ModifyIndex).toBe(before.value[0]?.Service.ModifyIndex);
  });

  test('before draining resolves, those who were watching are answered without the instance', async () => {
    const clock = new FakeClock();
    const { client, registrar } = await agentWorld(clock);
    const registration = await registrar.register('api', { port: 80 });
    const { index } = await client.health.service('api', { passing: true });
    const watchers = Array.from({ length: 20 }, () =>
      client.health.service('api', { passing: true, index, waitMs: 60_000 }),
    );
    // Held by the agent before the drain begins: a question that came after these was answered.
    await client.agent.self();
    let isDrained = false;
    const drained = registration.drain().then(() => (isDrained = true));
    const answers = await Promise.all(watchers);
    expect(answers.map(({ value }) => value.length)).toEqual(watchers.map(() => 0));
    // However long that took: the time that it waits for them has not begun to pass.
    expect(isDrained).toBe(false);
    await expect.poll(() => clock.advance(50).then(() => isDrained), { timeout: 10_000 }).toBe(true);
    await drained;
    await registration.deregister();
  });

  test('the newer owner of an id has it, the other is told', async () => {
    const { client, registrar } = await agentWorld();
    const first = await registrar.register('api', { id: 'a', port: 80 });
    const conflict = once(first, 'conflict');
    const other = createRegistrar({ target: new ConsulRegistrationTarget(client) });
    closing.push(() => other.close());
    await other.register('api', { id: 'a', port: 81 });
    expect(await conflict).toMatchObject({
      code: 'CONFLICT',
      details: { ours: { address: '', port: 80 }, theirs: { address: '', port: 81 } },
    });
    await expect(first.deregister()).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await client.agent.service('a')).value.Port).toBe(81);
  });

  test('refuse is refused while the other one is passing', async () => {
    const { registrar } = await agentWorld();
    await registrar.register('api', { id: 'a', port: 80 });
    const asked = registrar.register('api', { id: 'a', port: 81, onConflict: 'refuse' });
    await expect(asked).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('a thousand in one batch', async () => {
    const { client, registrar } = await agentWorld();
    const requests = Array.from({ length: 1_000 }, (_, port) => ({ name: 'api', port }));
    const registrations = await registrar.registerAll(requests);
    expect(new Set(registrations.map(({ id }) => id)).size).toBe(1_000);
    expect((await client.health.service('api')).value).toHaveLength(1_000);
  });

  test('an agent’s refusal is told in its own words, and nothing is kept', async () => {
    const { client, registrar } = await agentWorld();
    const refused = registrar.register('api', { port: 80, check: { script: ['true'] } });
    await expect(refused).rejects.toThrow('Scripts are disabled');
    expect((await client.agent.services()).value).toEqual({});
    expect(registrar.registrations()).toEqual([]);
  });
});

test('no error says what the token is', async () => {
  const client = new ConsulClient({ addresses: '127.0.0.1:1', token: 'verysecret' });
  closing.push(() => client.close());
  const registrar = createRegistrar({ target: new ConsulRegistrationTarget(client) });
  const errors = [
    await registrar.register('api', { id: 'a', port: 80 }).catch((error: unknown) => error),
    await registrar.registerAll([{ name: 'api', id: 'a', port: 80 }]).catch((error: unknown) => error),
    await registrar.deregister('a').catch((error: unknown) => error),
  ];
  for (const error of errors) {
    expect(error).toMatchObject({ code: 'UNAVAILABLE' });
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('verysecret');
  }
});

test('with a registry in this process no socket is needed', async () => {
  await using registry = await createRegistry({ node: { name: 'n1', address: '10.0.0.1' } });
  await using registrar = createRegistrar({ target: new RegistryRegistrationTarget(registry) });
  const registration = await registrar.register('api', { port: 80, check: { ttl: '10s' } });
  expect(registry.catalog.serviceView('api').instances[0]?.status).toBe('passing');
  const restored = once(registration, 'restored');
  await registry.deregisterService(registration.id);
  await restored;
  await registration.drain();
  expect(registry.catalog.serviceView('api').instances[0]?.status).toBe('maintenance');
  await registration.deregister();
  expect(registry.catalog.serviceView('api').instances).toEqual([]);
});

test('keeping an instance registered does not keep the process alive', async () => {
  await using registry = await createRegistry({ node: { name: 'n1', address: '10.0.0.1' } });
  const before = timers();
  await using registrar = createRegistrar({ target: new RegistryRegistrationTarget(registry) });
  await registrar.register('api', { port: 80, check: { ttl: '10s', health: () => true } });
  await new Promise((resolve) => setImmediate(resolve));
  expect(timers()).toBe(before);
});
