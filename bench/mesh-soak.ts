/**
 * Real agents that are killed, frozen, restarted and cut off from each other at random while programs register and
 * deregister at all of them; after each round everything is mended, and all must agree, with the ledger of what was
 * acknowledged too. `scripts/run-ts bench/mesh-soak.ts ROUNDS SEED AGENTS`; needs network namespaces.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../src/testing/seeded-random.js';
import { Mesh } from '../test/support/mesh.js';
import type { MeshAgent } from '../test/support/mesh-agent.js';
import { Lan, noLan } from '../test/support/netns.js';
import { report, whole } from './support/report.js';

const rounds = Number(process.argv[2] ?? 20);
const seed = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 31));
const count = Number(process.argv[4] ?? 5);

const NAMES = 8;
const OUTSIDE = 6;
const FAULTS = 6;
const FAULT_MS = [200, 4_000] as const;
const WRITE_EVERY_MS = 15;
const ROOM_MS = 45_000;

const random = seededRandom(seed);
const chance = (share: number): boolean => random.next() < share;
const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T;
const between = (least: number, most: number): number => least + Math.floor(random.next() * (most - least));

/** An instance that one agent was asked to have: what it acknowledged last, and what it was asked since. */
interface Entry {
  port: number | undefined;
  asked: { readonly port: number | undefined } | undefined;
}

interface Machine {
  readonly agent: MeshAgent;
  readonly ledger: Map<string, Entry>;
  state: 'up' | 'down' | 'frozen';
}

const counts = { acknowledged: 0, refused: 0, kills: 0, freezes: 0, cuts: 0, restarts: 0, slowestMs: 0 };

async function write({ agent, ledger }: Machine): Promise<void> {
  const name = `w-${agent.name}-${between(0, NAMES)}`;
  const entry = ledger.get(name) ?? { port: undefined, asked: undefined };
  ledger.set(name, entry);
  // Nobody knows in which order two of them would be done.
  if (entry.asked) return;
  const port = chance(0.3) ? undefined : between(1, 60_000);
  entry.asked = { port };
  const line = port === undefined ? `PUT /v1/agent/service/deregister/${name}` : 'PUT /v1/agent/service/register';
  const answer = await agent.http(line, port === undefined ? undefined : { ID: name, Name: 'work', Port: port });
  const isGone = answer.status === 404;
  if (answer.status !== 200 && !isGone) throw new Error(`${line}: ${answer.status} ${answer.text}`);
  entry.port = port;
  entry.asked = undefined;
  counts.acknowledged++;
}

/** A node of nobody's machine, through whichever agent: that all agree about it is all that can be asked in a partition. */
async function writeOutside({ agent }: Machine): Promise<void> {
  const node = `outside-${between(0, OUTSIDE)}`;
  const service = { ID: 'x', Service: 'outside', Port: between(1, 60_000) };
  const answer = chance(0.3)
    ? await agent.http('PUT /v1/catalog/deregister', { Node: node })
    : await agent.http('PUT /v1/catalog/register', { Node: node, Address: '10.9.9.9', Service: service });
  if (answer.status === 200) counts.acknowledged++;
  else counts.refused++;
}

async function writeUntil(machines: readonly Machine[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const machine = pick(machines.filter(({ state }) => state === 'up'));
    const written = (chance(0.8) ? write(machine) : writeOutside(machine)).catch(() => {});
    // Killed and frozen ones do not answer.
    await Promise.race([written, delay(2_000)]);
    await delay(WRITE_EVERY_MS);
  }
}

async function fault(lan: Lan, machines: readonly Machine[]): Promise<void> {
  const machine = pick(machines);
  const isSpare = machines.filter(({ state }) => state === 'up').length > 1;
  if (machine.state === 'down') {
    await machine.agent.start();
    counts.restarts++;
    machine.state = 'up';
  } else if (machine.state === 'frozen') {
    machine.agent.thaw();
    machine.state = 'up';
  } else if (chance(0.35) && isSpare) {
    machine.state = 'down';
    counts.kills++;
    await (chance(0.7) ? machine.agent.kill() : machine.agent.stop());
  } else if (chance(0.4) && isSpare) {
    machine.state = 'frozen';
    counts.freezes++;
    machine.agent.freeze();
  } else cut(lan, machines);
}

function cut(lan: Lan, machines: readonly Machine[]): void {
  counts.cuts++;
  const all = [...machines.keys()];
  if (chance(0.3)) return lan.muffle(pick(all), pick(all));
  if (chance(0.3)) return lan.heal();
  const side = all.filter(() => chance(0.5));
  lan.partition(
    all.filter((i) => !side.includes(i)),
    side,
  );
}

/** Everything is whole again; milliseconds until all say the same, and what the ledgers say. */
async function mended(lan: Lan, mesh: Mesh, machines: readonly Machine[]): Promise<void> {
  for (const machine of machines) {
    if (machine.state === 'frozen') machine.agent.thaw();
    if (machine.state === 'down') await machine.agent.start();
    machine.state = 'up';
  }
  lan.heal();
  const began = performance.now();
  await mesh.whole(mesh.agents, ROOM_MS);
  await mesh.agree('certainty', (agent) => agent.isSure(), true, { withinMs: ROOM_MS });
  for (let said: unknown; ; await delay(100)) {
    const lists = await Promise.all(machines.map(({ agent }) => listOf(agent)));
    const wrong = [...differences(lists), ...violations(lists[0] as string[], machines)];
    if (wrong.length === 0) break;
    said = wrong;
    if (performance.now() - began > ROOM_MS) throw new Error(`seed ${seed}: ${JSON.stringify(said)}`);
  }
  counts.slowestMs = Math.max(counts.slowestMs, performance.now() - began);
}

/** `w-n0-3 4711 passing`, sorted. */
async function listOf(agent: MeshAgent): Promise<string[]> {
  const all: string[] = [];
  for (const service of ['work', 'outside']) {
    const found = await agent.json<
      { Node: { Node: string }; Service: { ID: string; Port: number }; Checks: { Status: string }[] }[]
    >(`GET /v1/health/service/${service}`);
    for (const { Node, Service, Checks } of found) {
      const isPassing = Checks.every(({ Status }) => Status === 'passing');
      const name = service === 'work' ? Service.ID : Node.Node;
      all.push(`${name} ${Service.Port} ${isPassing ? 'passing' : 'critical'}`);
    }
  }
  return all.sort();
}

function differences(lists: readonly (readonly string[])[]): string[] {
  const [first = [], ...others] = lists;
  return others.flatMap((list, i) =>
    list.join() === first.join()
      ? []
      : [
          `n${i + 1} differs: ${[...list.filter((one) => !first.includes(one)), '/', ...first.filter((one) => !list.includes(one))].join(', ')}`,
        ],
  );
}

function violations(list: readonly string[], machines: readonly Machine[]): string[] {
  const shown = new Map(
    list.map((line) => line.split(' ')).map(([name = '', port, status]) => [name, `${port} ${status}`]),
  );
  return machines.flatMap(({ ledger }) =>
    [...ledger].flatMap(([name, { port, asked }]) => {
      const allowed = [port, ...(asked ? [asked.port] : [])].map((one) =>
        one === undefined ? undefined : `${one} passing`,
      );
      return allowed.includes(shown.get(name))
        ? []
        : [`${name}: ${shown.get(name)}, acknowledged ${allowed.join(' or ')}`];
    }),
  );
}

/** What was asked and not answered is known now. */
function settle(list: readonly string[], machines: readonly Machine[]): void {
  const shown = new Map(list.map((line) => line.split(' ')).map(([name = '', port]) => [name, Number(port)]));
  for (const { ledger } of machines) {
    for (const [name, entry] of ledger) {
      if (entry.asked) entry.port = shown.get(name);
      entry.asked = undefined;
    }
  }
}

if (noLan !== undefined) console.log(`not run: ${noLan}`);
else {
  console.log(`seed ${seed}`);
  using lan = new Lan(count);
  await using mesh = await Mesh.start({ count, lan, config: { sync: { loss_window: '5s' } } });
  const machines = mesh.agents.map((agent): Machine => ({ agent, ledger: new Map(), state: 'up' }));
  for (let round = 1; round <= rounds; round++) {
    const stop = new AbortController();
    const writing = writeUntil(machines, stop.signal);
    for (let i = 0; i < FAULTS; i++) {
      await fault(lan, machines);
      await delay(between(...FAULT_MS));
    }
    stop.abort();
    await writing;
    // What was on its way when a machine stood still is answered, or never will be.
    await mended(lan, mesh, machines).catch((error: unknown) => {
      console.error(mesh.logs(60));
      throw error;
    });
    settle(await listOf((machines[0] as Machine).agent), machines);
    if (round % 5 === 0) console.log(`${round} rounds: ${JSON.stringify(counts)}`);
  }
  report([
    {
      what: `rounds of faults after which ${count} agents agreed`,
      measured: `${rounds} of ${rounds}: ${whole(counts.acknowledged)} writes acknowledged, ${counts.kills} ends, ${counts.freezes} freezes, ${counts.cuts} cuts; the slowest took ${whole(counts.slowestMs)} ms`,
      bar: 'all',
      reached: true,
    },
  ]);
}
