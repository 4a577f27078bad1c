/**
 * Five agents parted into three and two, 1,000 registrations on each side meanwhile, and healed: how long until all five
 * list all of them, and what was sent for it. `scripts/run-ts bench/sync-partition.ts 60` parts them for 60 s; default 15.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Mesh } from '../test/support/mesh.js';
import type { MeshAgent } from '../test/support/mesh-agent.js';
import { Lan, noLan } from '../test/support/netns.js';
import { report, whole } from './support/report.js';
import { payload, sentDuring } from './support/traffic.js';

const SECONDS = Number(process.argv[2] ?? 15);
const COUNT = 5;
const CHANGES = 1_000;
const AT_ONCE = 20;
const LOOK_EVERY_MS = 20;
const WITHIN_MS = 60_000;

async function changes(agents: readonly MeshAgent[], side: string): Promise<void> {
  for (let i = 0; i < CHANGES; i += AT_ONCE) {
    const batch = Array.from({ length: AT_ONCE }, (_, j) => i + j);
    await Promise.all(
      batch.map((at) =>
        (agents[at % agents.length] as MeshAgent).json('PUT /v1/agent/service/register', {
          Name: `${side}-${at}`,
          Port: 1_000 + at,
          Tags: ['v1'],
          Meta: { version: '1.0.0' },
        }),
      ),
    );
  }
}

/** Milliseconds until the last agent lists everything of both sides. */
async function converged(mesh: Mesh, began: number): Promise<number> {
  const one = async (agent: MeshAgent): Promise<number> => {
    for (;;) {
      const services = Object.keys(await agent.json<object>('GET /v1/catalog/services'));
      const [left, right] = ['left-', 'right-'].map((side) => services.filter((name) => name.startsWith(side)).length);
      const ms = performance.now() - began;
      if (left === CHANGES && right === CHANGES) return ms;
      if (ms > WITHIN_MS) throw new Error(`${agent.name} lists ${left} and ${right} after ${whole(ms)} ms`);
      await delay(LOOK_EVERY_MS);
    }
  };
  return Math.max(...(await Promise.all(mesh.agents.map(one))));
}

if (noLan === undefined) {
  using lan = new Lan(COUNT);
  await using mesh = await Mesh.start({ count: COUNT, lan, config: { log_level: 'error' } });
  lan.partition([0, 1, 2], [3, 4]);
  await Promise.all([
    delay(SECONDS * 1_000),
    changes(mesh.agents.slice(0, 3), 'left'),
    changes(mesh.agents.slice(3), 'right'),
  ]);
  let ms = Number.NaN;
  const sent = await sentDuring(lan, async () => {
    const began = performance.now();
    lan.heal();
    ms = await converged(mesh, began);
  });
  report([
    {
      what: `healed after ${SECONDS} s with ${whole(CHANGES)} changes on each side`,
      measured: `all agree after ${whole(ms)} ms; ${whole(payload(sent, 'tcp') / (CHANGES * COUNT))} B sent for each change and agent that lacked it`,
      bar: '<= 1,500 ms',
      reached: ms <= 1_500,
    },
  ]);
} else {
  console.log(`not measured: ${noLan}`);
}
