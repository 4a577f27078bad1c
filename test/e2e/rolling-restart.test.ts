/**
 * Ten instances in processes of their own, called by name with Node's own fetch at 1,000 requests a second (fewer when the
 * machine has no more, and the rate is printed), while each of them is asked to end and started anew. Nobody notices.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from 'undici';
import { expect, test } from 'vitest';
import { discovery } from '../../src/adapters/undici/index.js';
import { ServiceDiscoveryManager } from '../../src/client/index.js';
import { useAgents } from '../support/use-agents.js';

const INSTANCES = 10;
const PER_SECOND = 1_000;
const EVERY_MS = 10;
/** More waiting answers than this: the machine has no more to give, and the next ones are left out. */
const MOST_UNDER_WAY = 300;
const INSTANCE = join(import.meta.dirname, '../fixtures/rolling-instance.mjs');

const agents = useAgents();

interface Instance {
  readonly id: string;
  readonly child: ChildProcess;
}

async function startInstance(id: string, kind: string, agentOrigin: string): Promise<Instance> {
  const child = spawn(process.execPath, [INSTANCE, kind, 'orders', id], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, CONSUL_HTTP_ADDR: agentOrigin },
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit')])) as [unknown];
  expect(line).toBe('ready');
  return { id, child };
}

/** Asks it to end, and waits until it has: with code 0, or the test fails. */
async function endInstance({ id, child }: Instance): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await exit, id).toEqual([0, null]);
}

test('a rolling restart of all instances under load fails no request', { timeout: 90_000 }, async () => {
  const agent = await agents.start();
  const manager = new ServiceDiscoveryManager({ addresses: [agent.origin], environment: {} });
  const interceptor = discovery({ manager });
  const dispatcher = new Agent();
  const before = getGlobalDispatcher();
  setGlobalDispatcher(dispatcher.compose(interceptor));
  const failures: unknown[] = [];
  const byInstance = new Map<string, number>();
  const load = new Load(async () => {
    const answer = await fetch('http://orders.service/');
    const id = await answer.text();
    if (answer.ok) byInstance.set(id, (byInstance.get(id) ?? 0) + 1);
    else throw new Error(`${answer.status} ${id}`);
  }, failures);
  const running: Instance[] = [];
  try {
    const kinds = ['fastify', 'bare'];
    const kindOf = (i: number): string => kinds[i % kinds.length] as string;
    for (let i = 0; i < INSTANCES; i++) running.push(await startInstance(`old-${i}`, kindOf(i), agent.origin));
    load.start();
    await delay(500);
    for (let i = 0; i < INSTANCES; i++) {
      await endInstance(running[i] as Instance);
      running[i] = await startInstance(`new-${i}`, kindOf(i), agent.origin);
    }
    await delay(500);
  } finally {
    await load.stop();
    for (const { child } of running) child.kill('SIGKILL');
    await interceptor.close();
    await manager.close();
    await dispatcher.destroy();
    setGlobalDispatcher(before);
  }
  console.log(
    `rolling restart: ${load.perSecond} requests a second, ${load.answered} in all, ${failures.length} failed`,
  );
  expect(failures).toEqual([]);
  expect(running.map(({ id }) => id)).toEqual(Array.from({ length: INSTANCES }, (_, i) => `new-${i}`));
  for (const { id } of running) expect(byInstance.get(id), id).toBeGreaterThan(0);
});

/** Requests at a steady pace, whatever becomes of the earlier ones, until it is stopped. */
class Load {
  answered = 0;
  private underWay = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private began = 0;
  private tookMs = 0;
  private owed = 0;

  constructor(
    private readonly ask: () => Promise<void>,
    private readonly failures: unknown[],
  ) {}

  get perSecond(): number {
    return Math.round((this.answered * 1000) / this.tookMs);
  }

  start(): void {
    this.began = performance.now();
    this.timer = setInterval(() => this.beat(), EVERY_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.underWay);
    this.tookMs = performance.now() - this.began;
  }

  /** A late timer is made good, up to what the machine takes. */
  private beat(): void {
    const due = ((performance.now() - this.began) / 1000) * PER_SECOND;
    for (; this.owed < due; this.owed++) if (this.underWay.size < MOST_UNDER_WAY) this.one();
  }

  private one(): void {
    const asked: Promise<void> = this.ask()
      .then(
        () => void this.answered++,
        (error: unknown) => void this.failures.push(error instanceof Error ? (error.cause ?? error) : error),
      )
      .finally(() => this.underWay.delete(asked));
    this.underWay.add(asked);
  }
}
