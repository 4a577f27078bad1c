/**
 * The failures that a discovery system exists for – a node dies, the network parts, a service degrades – while a client
 * goes on calling a service by name. Five machines, an agent and an instance on each. No call may fail.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { Mesh } from '../support/mesh.js';
import type { MeshAgent } from '../support/mesh-agent.js';
import { Lan, noLan } from '../support/netns.js';

const MACHINES = 5;
const CALLS_PER_SECOND = 100;

let mesh: Mesh | undefined;
let lan: Lan | undefined;
const children: ChildProcess[] = [];
afterEach(async () => {
  const gone = children.splice(0).map(async (child) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGCONT');
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await Promise.all(gone);
  await mesh?.[Symbol.asyncDispose]();
  lan?.[Symbol.dispose]();
});

interface Summary {
  readonly answered: number;
  readonly failures: readonly string[];
  readonly byInstance: Readonly<Record<string, number>>;
  readonly slowestMs: number;
}

interface Client {
  /** Ends the calls. */
  end(): Promise<Summary>;
}

/** Where the agent of a machine is for a process on it. */
function httpOf(agent: MeshAgent): string {
  return agent.place.socketPath === undefined ? agent.process.origin : 'http://127.0.0.1:8500';
}

async function run(agent: MeshAgent, fixture: string, args: readonly string[], http: string): Promise<ChildProcess> {
  const file = join(import.meta.dirname, '../fixtures', fixture);
  const child = spawn('env', [...(agent.place.through ?? []), process.execPath, file, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, CONSUL_HTTP_ADDR: http },
  });
  children.push(child);
  return child;
}

async function instance(of: Mesh, i: number): Promise<ChildProcess> {
  const agent = of.at(i);
  const child = await run(agent, 'mesh-instance.mjs', [`orders-${i}`, agent.place.host], httpOf(agent));
  const [line] = (await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line')) as string[];
  expect(line).toBe('ready');
  return child;
}

async function client(of: Mesh): Promise<Client> {
  const http = lan === undefined ? of.agents.slice(0, 3).map(httpOf).join(',') : httpOf(of.at(0));
  const child = await run(of.at(0), 'mesh-client.mjs', [String(CALLS_PER_SECOND)], http);
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  expect(await lines.next()).toMatchObject({ value: 'ready' });
  return {
    async end() {
      child.stdin?.end();
      const { value } = (await lines.next()) as { value: string };
      const summary = JSON.parse(value) as Summary;
      console.log(
        `${summary.answered} calls, ${summary.failures.length} failed, the slowest ${Math.round(summary.slowestMs)} ms`,
      );
      return summary;
    },
  };
}

const all = Array.from({ length: MACHINES }, (_, i) => `orders-${i}`);

async function machines(options: { readonly lan?: Lan } = {}): Promise<{ mesh: Mesh; instances: ChildProcess[] }> {
  mesh = await Mesh.start({ count: MACHINES, ...options });
  const instances: ChildProcess[] = [];
  for (let i = 0; i < MACHINES; i++) instances.push(await instance(mesh, i));
  await mesh.agree('instances', (agent) => agent.passing('orders'), all);
  return { mesh, instances };
}

test('node failure: every machine in turn dies with its agent and its instance, and comes back', async () => {
  const { mesh, instances } = await machines();
  const calls = await client(mesh);
  for (let i = 0; i < MACHINES; i++) {
    const dies = once(instances[i] as ChildProcess, 'exit');
    instances[i]?.kill('SIGKILL');
    await Promise.all([dies, mesh.at(i).kill()]);
    await delay(2_500);
    await mesh.at(i).start();
    instances[i] = await instance(mesh, i);
    await mesh.whole();
  }
  await mesh.agree('instances', (agent) => agent.passing('orders'), all);
  const { failures, answered, byInstance } = await calls.end();
  expect(failures).toEqual([]);
  expect(answered).toBeGreaterThan(500);
  expect(Object.keys(byInstance).sort()).toEqual(all);
}, 120_000);

test('service degradation: instances and agents that are slow, or stand still, hold nobody up for long', async () => {
  const { mesh, instances } = await machines();
  const calls = await client(mesh);
  instances[1]?.stdin?.write('400\n');
  await delay(2_000);
  // Stands still, with its socket open; its check fails after a while.
  instances[2]?.kill('SIGSTOP');
  await delay(4_000);
  instances[2]?.kill('SIGCONT');
  instances[1]?.stdin?.write('0\n');
  // The agent that the client asks.
  mesh.at(0).freeze();
  await delay(4_000);
  mesh.at(0).thaw();
  await mesh.whole();
  await mesh.agree('instances', (agent) => agent.passing('orders'), all);
  const { failures, answered } = await calls.end();
  expect(failures).toEqual([]);
  expect(answered).toBeGreaterThan(500);
}, 120_000);

describe.skipIf(noLan !== undefined)(noLan ?? 'machines on a network of their own', () => {
  test('network partition: two of five machines are cut off and come back; then the client’s own is slow', async () => {
    lan = new Lan(MACHINES);
    const { mesh } = await machines({ lan });
    const calls = await client(mesh);
    lan.partition([0, 1, 2], [3, 4]);
    await delay(10_000);
    lan.heal();
    await mesh.whole();
    await mesh.agree('instances', (agent) => agent.passing('orders'), all);
    lan.slow(0, '1mbit');
    await delay(4_000);
    lan.slow(0, undefined);
    const { failures, answered } = await calls.end();
    expect(failures).toEqual([]);
    expect(answered).toBeGreaterThan(500);
  }, 120_000);
});
