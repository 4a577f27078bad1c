/** Plays a scenario under all judges, heals, and awaits rest. */
import { Chronicle } from '../invariants/chronicle.js';
import { ClockJudge } from '../invariants/clocks.js';
import { difference, unrest } from '../invariants/convergence.js';
import { ExpiryJudge } from '../invariants/expiry.js';
import { LockJudge } from '../invariants/locks.js';
import { PositionJudge } from '../invariants/positions.js';
import { ReaderJudge } from '../invariants/readers.js';
import { RowJudge } from '../invariants/rows.js';
import { TrafficJudge } from '../invariants/traffic.js';
import { Violation } from '../invariants/violation.js';
import type { Watcher } from '../agent/watcher.js';
import type { Scenario } from '../plan/scenario.js';
import type { Tally } from '../world/tally.js';
import { World } from '../world/world.js';
import { Reporter } from './reporter.js';

export interface RunOptions {
  /** Given each line of what happens. */
  readonly show?: (line: string) => void;
}

export interface RunResult {
  readonly scenario: Scenario;
  /** Of everything that happened: equal for equal runs. */
  readonly hash: string;
  readonly failure: { readonly invariant: string; readonly message: string; readonly atMs: number } | undefined;
  readonly tally: Tally;
  readonly events: number;
  readonly virtualMs: number;
  /** From healing until all showed the same. */
  readonly convergedMs: number | undefined;
}

/** Between two looks whether all is at rest. */
const LOOK_MS = 250;
const SETTLES_MS = 5_000;

export function runScenario(scenario: Scenario, options: RunOptions = {}): RunResult {
  const world = new World(scenario, options);
  const chronicle = new Chronicle(clockErrorMs(scenario));
  const traffic = new TrafficJudge(world);
  const judges: readonly Watcher[] = [
    new Reporter(world),
    chronicle,
    new RowJudge(chronicle),
    new PositionJudge(() => chronicle.said.keys()),
    new ClockJudge(),
    new ReaderJudge(),
    new ExpiryJudge(world),
    new LockJudge(),
    traffic,
  ];
  world.watchers.push(...judges);
  let convergedMs: number | undefined;
  const attempt = (): void => {
    world.playTroubles();
    world.heal();
    convergedMs = await_(world, convergenceMs(world), 'I3', () => difference(world, chronicle));
    // What wandered at the moment of healing has arrived.
    world.queue.run(world.queue.nowMs + SETTLES_MS * scenario.tempo);
    await_(world, restMs(world), 'I10', () => difference(world, chronicle) ?? unrest(world));
    traffic.judgeIdle();
  };
  const failure = failureOf(world, attempt);
  return {
    scenario,
    hash: world.trace.hash,
    failure,
    tally: world.tally,
    events: world.queue.count,
    virtualMs: world.queue.nowMs,
    convergedMs,
  };
}

function failureOf(world: World, attempt: () => void): RunResult['failure'] {
  try {
    attempt();
    return undefined;
  } catch (error) {
    const invariant = error instanceof Violation ? error.invariant : 'CRASH';
    const message = error instanceof Violation ? error.message : ((error as Error).stack ?? String(error));
    return { invariant, message, atMs: world.queue.nowMs };
  }
}

function clockErrorMs({ agents, actions }: Scenario): number {
  const skews = agents.map(({ skewMs }) => Math.abs(skewMs));
  const jumps = actions.map((action) => (action.do === 'clock' ? Math.abs(action.byMs) : 0));
  return 2 * (Math.max(...skews) + jumps.reduce((sum, jump) => sum + jump, 0)) + 1_000;
}

/** How long it took until nothing was found any more. */
function await_(world: World, boundMs: number, invariant: string, find: () => string | undefined): number {
  const { queue } = world;
  const sinceMs = queue.nowMs;
  const step = LOOK_MS * world.scenario.tempo;
  for (;;) {
    const found = find();
    if (found === undefined) return queue.nowMs - sinceMs;
    const passedMs = queue.nowMs - sinceMs;
    if (passedMs >= boundMs) throw new Violation(invariant, `after ${passedMs} ms at rest ${found}`);
    queue.run(queue.nowMs + step);
  }
}

/** Connections are made again within the back-off, a digest repairs the rest; a verdict may have to wait for the brake. */
function convergenceMs({ scenario, settings, machines }: World): number {
  const isDown = machines.some(({ slot }) => scenario.staysDown.includes(slot));
  const verdictMs = isDown ? settings.deadAfterMs * 2 + settings.lossWindowMs * 2 : 0;
  return 20_000 * scenario.tempo + settings.remoteDigestMs * 3 + verdictMs;
}

function restMs({ scenario, settings }: World): number {
  return 30_000 * scenario.tempo + settings.lossWindowMs * 2 + settings.tombstoneMinMs + settings.remoteDigestMs * 6;
}
