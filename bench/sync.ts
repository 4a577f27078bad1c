/**
 * Agents in sync, 5 and 20 of them, each on a machine of its own where the system lets us make network namespaces: how
 * soon a change is seen by all others, what it costs on the wire, what silence costs, how soon a crash and a silent
 * machine are noticed, and whether one that is frozen for 3 s is held dead. Beside Serf in the same namespaces, where it
 * is installed. `scripts/run-ts bench/sync.ts 50` takes another number.
 *
 * The clock starts when the write is sent to one agent and stops when a blocking query at another is answered, so the
 * durable write and two HTTP exchanges are in it; Serf's starts when the changed agent itself knows.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Mesh, without } from '../test/support/mesh.js';
import type { MeshAgent } from '../test/support/mesh-agent.js';
import { Lan, noLan } from '../test/support/netns.js';
import { median, percentile } from './support/load.js';
import { report, whole, type Figure } from './support/report.js';
import { serfVersion, startSerf, type SerfAgent } from './support/serf.js';
import { StandingQuery } from './support/standing-query.js';
import { beyond, payload, sentDuring, type Sent } from './support/traffic.js';

const SIZES = process.argv[2] === undefined ? [5, 20] : [Number(process.argv[2])];
const CHANGES = 200;
const COUNTED_CHANGES = 300;
const BATCH = 50;
const IDLE_MS = 20_000;
const SETTLE_MS = 5_000;
const CRASHES = 3;

interface Spread {
  /** Of each change at each peer. */
  readonly each: readonly number[];
  /** Of each change at the last peer. */
  readonly all: readonly number[];
}

const registration = (id: string, port: number): object => ({
  ID: id,
  Name: 'changed',
  Port: port,
  Tags: ['v1'],
  Meta: { version: '1.0.0' },
  Check: { CheckID: `${id}-ttl`, TTL: '10m', Status: 'passing' },
});

const to = (agent: MeshAgent): { path: string } | { host: string; port: number } =>
  agent.place.socketPath === undefined
    ? { host: new URL(agent.process.origin).hostname, port: Number(new URL(agent.process.origin).port) }
    : { path: agent.place.socketPath };

/** Each change is told to the next agent in turn, and waited for at all others. */
async function spread(
  mesh: Mesh,
  path: string,
  change: (agent: MeshAgent, i: number, turn: number) => Promise<void>,
): Promise<Spread> {
  const queries = await Promise.all(mesh.agents.map((agent) => StandingQuery.open(to(agent), path)));
  const [each, all]: [number[], number[]] = [[], []];
  for (let turn = 0; turn < CHANGES; turn++) {
    const i = turn % mesh.agents.length;
    const waiting = queries.map((query) => query.ask());
    await delay(25);
    const sent = performance.now();
    const changed = change(mesh.at(i), i, turn);
    const answers = await Promise.all(waiting);
    await changed;
    const times = answers.filter((_, at) => at !== i).map(({ at }) => at - sent);
    each.push(...times);
    all.push(Math.max(...times));
  }
  for (const query of queries) query.close();
  return { each, all };
}

async function ownInstances(mesh: Mesh): Promise<void> {
  for (const [i, agent] of mesh.agents.entries()) {
    await agent.json('PUT /v1/agent/service/register', registration(`own-${i}`, 1));
  }
  await mesh.agree('instances', async (agent) => (await agent.passing('changed')).length, mesh.agents.length);
}

/** Ends what `stop` ends and gives how long each of the others handed out its instance after that. */
async function noticed(mesh: Mesh, victim: number, stop: () => Promise<void> | void): Promise<number[]> {
  const others = without(mesh, victim);
  const queries = await Promise.all(
    others.map((agent) => StandingQuery.open(to(agent), '/v1/health/service/changed?passing')),
  );
  const began = performance.now();
  const times = queries.map(async (query) => {
    for (;;) {
      const { at, body } = await query.ask();
      if (!body.includes(`"own-${victim}"`)) return at - began;
    }
  });
  await stop();
  const all = await Promise.all(times);
  for (const query of queries) query.close();
  return all;
}

async function ours(count: number, lan: Lan | undefined): Promise<Figure[]> {
  const figures: Figure[] = [];
  const say = (what: string, rest: Omit<Figure, 'what'>): void =>
    void figures.push({ what: `N=${count}: ${what}`, ...rest });
  const began = performance.now();
  // Crashes one after another are no mass loss here.
  await using mesh = await Mesh.start({
    count,
    ...(lan && { lan }),
    config: { log_level: 'error', sync: { loss_window: '5s' } },
  });
  say('start of all until each knows all', { measured: `${whole(performance.now() - began)} ms` });
  await ownInstances(mesh);

  const registered = await spread(mesh, '/v1/health/service/changed', (agent, i, turn) =>
    agent.json('PUT /v1/agent/service/register', registration(`own-${i}`, 2 + turn)),
  );
  const flipped = await spread(mesh, '/v1/health/service/changed', (agent, i, turn) =>
    agent.json(`PUT /v1/agent/check/${Math.floor(turn / count) % 2 ? 'pass' : 'fail'}/own-${i}-ttl`),
  );
  for (const [what, times] of [
    ['registration seen by all others', registered],
    ['check transition seen by all others', flipped],
  ] as const) {
    const p99 = percentile(times.all, 0.99);
    say(what, {
      measured: `p50 ${median(times.all).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms (at each p50 ${median(times.each).toFixed(1)}, p99 ${percentile(times.each, 0.99).toFixed(1)})`,
      bar: 'p99 <= 25 ms',
      reached: p99 <= 25,
    });
  }
  for (const agent of mesh.agents) await agent.json(`PUT /v1/agent/check/pass/own-${mesh.agents.indexOf(agent)}-ttl`);
  if (lan !== undefined) figures.push(...(await traffic(mesh, lan, count)));
  figures.push(...(await losses(mesh, lan, count)));
  say('resident memory of one', {
    measured: `${whole(median(mesh.agents.map(({ process }) => process.rssBytes())) / 1e6)} MB`,
  });
  return figures;
}

async function traffic(mesh: Mesh, lan: Lan, count: number): Promise<Figure[]> {
  await delay(SETTLE_MS);
  const idle = await sentDuring(lan, () => delay(IDLE_MS));
  const agent = mesh.at(0);
  const one = await sentDuring(lan, async () => {
    for (let i = 0; i < COUNTED_CHANGES; i++) {
      await agent.json('PUT /v1/agent/service/register', registration(`extra-${i}`, 1000 + i));
      await delay(10);
    }
    await delay(1_000);
  });
  const flips = await sentDuring(lan, async () => {
    for (let i = 0; i < COUNTED_CHANGES; i++) {
      await agent.json(`PUT /v1/agent/check/${i % 2 ? 'pass' : 'fail'}/own-0-ttl`);
      await delay(10);
    }
    await delay(1_000);
  });
  const batched = await sentDuring(lan, async () => {
    for (let i = 0; i < COUNTED_CHANGES; i += BATCH) {
      const batch = Array.from({ length: BATCH }, (_, j) => registration(`batch-${i + j}`, 2000 + i + j));
      await Promise.all(batch.map((body) => agent.json('PUT /v1/agent/service/register', body)));
    }
    await delay(1_000);
  });
  const perPeer = (sent: Sent): string => {
    const more = beyond(sent, idle);
    const peers = COUNTED_CHANGES * (count - 1);
    return `${whole(payload(more, 'tcp') / peers)} B (on the wire ${whole(more.bytes / peers)} B, acknowledgements of TCP included)`;
  };
  const bytesOf = (sent: Sent): number => payload(beyond(sent, idle), 'tcp') / COUNTED_CHANGES / (count - 1);
  const idleBytes = idle.bytes / count / (idle.ms / 1000);
  const row = (what: string, sent: Sent, bar: number): Figure => ({
    what: `N=${count}: ${what}, for each change and peer`,
    measured: perPeer(sent),
    bar: `<= ${bar} B`,
    reached: bytesOf(sent) <= bar,
  });
  return [
    {
      what: `N=${count}: idle, sent by each`,
      measured: `${whole(idleBytes)} B/s on the wire`,
      bar: '<= 2,500 B/s',
      reached: idleBytes <= 2_500,
    },
    row('registration with a check', one, 100),
    row('check transition', flips, 100),
    row(`registration with a check, ${BATCH} at once`, batched, 100),
  ];
}

async function index(agent: MeshAgent): Promise<string> {
  return String((await agent.http('GET /v1/health/service/changed?passing')).headers['x-consul-index']);
}

async function losses(mesh: Mesh, lan: Lan | undefined, count: number): Promise<Figure[]> {
  const last: number[] = [];
  for (let i = 0; i < CRASHES; i++) {
    const victim = count - 1 - i;
    last.push(Math.max(...(await noticed(mesh, victim, () => mesh.at(victim).kill()))));
    await mesh.at(victim).start();
    await mesh.whole();
    await delay(7_000);
  }
  const figures: Figure[] = [
    {
      what: `N=${count}: kill -9 seen by all others`,
      measured: `p50 ${whole(median(last))} ms, most ${whole(Math.max(...last))} ms`,
      bar: '<= 1,000 ms',
      reached: Math.max(...last) <= 1_000,
    },
  ];
  const tenth = Math.max(1, Math.floor(count / 10));
  const others = mesh.agents.slice(tenth);
  const before = await Promise.all(others.map(index));
  for (let i = 0; i < tenth; i++) mesh.at(i).freeze();
  await delay(3_000);
  for (let i = 0; i < tenth; i++) mesh.at(i).thaw();
  await delay(2_000);
  const after = await Promise.all(others.map(index));
  const wrong = after.filter((value, i) => value !== before[i]).length;
  figures.push({
    what: `N=${count}: agents that held one frozen for 3 s dead`,
    measured: `${wrong} of ${others.length}`,
    bar: '0',
    reached: wrong === 0,
  });
  if (lan === undefined) return figures;
  const silent = await noticed(mesh, count - 1, () => lan.unplug(count - 1));
  lan.plug(count - 1);
  return [
    ...figures,
    {
      what: `N=${count}: silent machine expired by all others`,
      measured: `p50 ${whole(median(silent))} ms, most ${whole(Math.max(...silent))} ms`,
      bar: '<= 6,500 ms',
      reached: Math.max(...silent) <= 6_500,
    },
  ];
}

async function serf(count: number, lan: Lan): Promise<Figure[]> {
  const agents = startSerf(lan, count);
  try {
    await delay(10_000);
    const idle = await sentDuring(lan, () => delay(IDLE_MS));
    const all: number[] = [];
    const changes = 15;
    const changing = await sentDuring(lan, async () => {
      for (let i = 0; i < changes; i++) all.push(await serfChange(agents, i));
    });
    const crashes: number[] = [];
    for (let i = 0; i < 2; i++) crashes.push(await serfCrash(agents, count - 1 - i));
    const more = beyond(changing, idle);
    const peers = changes * (count - 1);
    const prefix = `N=${count}: Serf,`;
    return [
      {
        what: `${prefix} tag seen by all others`,
        measured: `p50 ${whole(median(all))} ms, most ${whole(Math.max(...all))} ms`,
      },
      {
        what: `${prefix} idle, sent by each`,
        measured: `${whole(idle.bytes / count / (idle.ms / 1000))} B/s on the wire`,
      },
      {
        what: `${prefix} tag, for each change and peer`,
        measured: `${whole(payload(more, 'udp') / peers)} B (on the wire ${whole(more.bytes / peers)} B)`,
      },
      { what: `${prefix} kill -9 seen by all others`, measured: crashes.map((ms) => `${whole(ms)} ms`).join(', ') },
    ];
  } finally {
    await Promise.all(agents.map((agent) => agent.kill()));
  }
}

/** The last agent's time after the changed one itself knew. */
async function serfChange(agents: readonly SerfAgent[], i: number): Promise<number> {
  const changed = agents[i % agents.length] as SerfAgent;
  const since = performance.now();
  await changed.setTag('v', String(i));
  await delay(1_500);
  const times = agents.map((agent) => agent.saw('MemberUpdate', changed.name, since) ?? Number.POSITIVE_INFINITY);
  return Math.max(...times) - (changed.saw('MemberUpdate', changed.name, since) ?? since);
}

async function serfCrash(agents: readonly SerfAgent[], victim: number): Promise<number> {
  const gone = agents[victim] as SerfAgent;
  const since = performance.now();
  await gone.kill();
  const others = agents.slice(0, victim);
  for (let waited = 0; waited < 30_000; waited += 100) {
    await delay(100);
    const times = others.map((agent) => agent.saw('MemberFailed', gone.name, since));
    if (times.every((time) => time !== undefined)) return Math.max(...times) - since;
  }
  return Number.POSITIVE_INFINITY;
}

if (noLan !== undefined) console.log(`on the loopback, without figures of traffic: ${noLan}`);
for (const count of SIZES) {
  const lan = noLan === undefined ? new Lan(count) : undefined;
  try {
    report(await ours(count, lan));
    if (lan !== undefined && serfVersion !== undefined) report(await serf(count, lan));
    else console.log('Serf was not measured: it is not installed, or there are no namespaces');
  } finally {
    lan?.[Symbol.dispose]();
  }
}
