/**
 * Ten instances in processes of their own, called by name with Node's own fetch at 1,000 requests a second (fewer when the
 * machine has no more, and the rate is printed), while each of them is asked to end and replaced. Nobody notices, but a
 * client that goes round the addresses.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { discovery } from '../../src/adapters/undici/index.js';
import { ServiceDiscoveryManager } from '../../src/client/index.js';
import { SteadyLoad } from '../support/steady-load.js';
import { useAgents } from '../support/use-agents.js';

const INSTANCES = 10;
const PER_SECOND = 1_000;
const CONTROL_PER_SECOND = 50;
const INSTANCE = join(import.meta.dirname, '../fixtures/rolling-instance.mjs');

const agents = useAgents();

interface Instance {
  readonly id: string;
  readonly child: ChildProcess;
  readonly lines: AsyncIterableIterator<string>;
}

/** A process ready to begin, so that what it takes to start Node is not taken from the load. */
async function prepareInstance(id: string, kind: string, agentOrigin: string): Promise<Instance> {
  const child = spawn(process.execPath, [INSTANCE, kind, 'orders', id, 'wait'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, CONSUL_HTTP_ADDR: agentOrigin },
  });
  processes.push(child);
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  const instance = { id, child, lines };
  await says(instance, 'waiting');
  return instance;
}

async function begin(instance: Instance): Promise<void> {
  instance.child.stdin?.end('go');
  await says(instance, 'ready');
}

/** A process that ended says nothing more. */
async function says({ id, lines }: Instance, line: string): Promise<void> {
  expect(await lines.next(), id).toMatchObject({ value: line });
}

/** Asks it to end, and waits until it has: with code 0, or the test fails. */
async function endInstance({ id, child }: Instance): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await exit, id).toEqual([0, null]);
}

/** Two at a time: as many as a small machine starts at once. */
async function prepareAll(ids: readonly string[], agentOrigin: string): Promise<Instance[]> {
  const all: Instance[] = [];
  for (let at = 0; at < ids.length; at += 2) {
    const pair = ids.slice(at, at + 2).map((id, side) => prepareInstance(id, KINDS[side] as string, agentOrigin));
    all.push(...(await Promise.all(pair)));
  }
  return all;
}

const KINDS = ['fastify', 'bare'];
const processes: ChildProcess[] = [];
afterEach(() => {
  for (const child of processes.splice(0)) child.kill('SIGKILL');
});

test('a rolling restart of all instances under load fails no request', { timeout: 60_000 }, async () => {
  const agent = await agents.start();
  const manager = new ServiceDiscoveryManager({ addresses: [agent.origin], environment: {} });
  const interceptor = discovery({ manager });
  const dispatcher = new Agent();
  const before = getGlobalDispatcher();
  setGlobalDispatcher(dispatcher.compose(interceptor));
  const byInstance = new Map<string, number>();
  const load = new SteadyLoad(PER_SECOND, async () => {
    const id = await textOf('http://orders.service/');
    byInstance.set(id, (byInstance.get(id) ?? 0) + 1);
  });
  // What this test would see if the names did nothing: a client that goes round addresses, looked up every second.
  let addresses: readonly string[] = [];
  let turn = 0;
  const control = new SteadyLoad(CONTROL_PER_SECOND, async () => {
    await textOf(addresses[turn++ % addresses.length] as string);
  });
  const look = async (): Promise<void> => {
    const found = await manager.discoverService('orders');
    addresses = found.map(({ address, port }) => `http://${address}:${port}/`);
  };
  let looking: NodeJS.Timeout | undefined;
  try {
    const olds = await prepareAll(named('old'), agent.origin);
    const news = await prepareAll(named('new'), agent.origin);
    for (const instance of olds) await begin(instance);
    await look();
    looking = setInterval(() => void look().catch(() => {}), 1_000);
    load.start();
    control.start();
    await delay(500);
    for (const [i, old] of olds.entries()) {
      await endInstance(old);
      await begin(news[i] as Instance);
      await delay(200);
    }
    // The watch tells of many changes in a row once a second.
    await expect.poll(() => named('new').filter((id) => !byInstance.has(id)), { timeout: 10_000 }).toEqual([]);
  } finally {
    clearInterval(looking);
    await Promise.all([load.stop(), control.stop()]);
    await interceptor.close();
    await manager.close();
    await dispatcher.destroy();
    setGlobalDispatcher(before);
  }
  console.log(
    `rolling restart: ${load.perSecond} of ${PER_SECOND} requests a second by name, ${load.answered} in all, ` +
      `${load.failures.length} failed; by address ${control.failures.length} of ${control.answered + control.failures.length}`,
  );
  expect(load.failures).toEqual([]);
  expect(control.failures).toContainEqual(expect.objectContaining({ code: 'ECONNREFUSED' }));
});

const named = (word: string): string[] => Array.from({ length: INSTANCES }, (_, i) => `${word}-${i}`);

async function textOf(url: string): Promise<string> {
  const answer = await fetch(url);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${answer.status} ${text}`);
  return text;
}
