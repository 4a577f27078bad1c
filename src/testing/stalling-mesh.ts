/**
 * The simulation of failure detectors that the design was chosen by: agents that stall now and then, as processes do on
 * machines that are too busy, with heavy tails, and messages that are lost. Nobody ever crashes, so every verdict of death
 * about an agent that was not silent itself for so long is false.
 */
import { defaults } from '../model/index.js';
import { MemberMesh, memberInfo } from './member-mesh.js';

export interface StallingOptions {
  readonly seed: number;
  readonly agents: number;
  readonly hours: number;
  /** Between two stalls of one agent, on average; exponential. */
  readonly stallEveryMs: number;
  /** Of the log-normal distribution of how long they last. */
  readonly stallMedianMs: number;
  readonly stallSigma: number;
  readonly loss: number;
  /** The same detector with timers that know nothing of stalls, to see what that is worth. */
  readonly naive?: boolean;
}

export interface StallingResult {
  readonly nodeHours: number;
  readonly stalls: number;
  /** That lasted as long as it takes to be dead. */
  readonly longStalls: number;
  /** About agents that were well: what must not be. Several agents' verdicts about one are one. */
  readonly falseDeaths: number;
  /** About agents that stood still for about as long. */
  readonly trueDeaths: number;
  /** Hints about agents that were well, by all agents. */
  readonly falseSuspicions: number;
  /** Times at which any agent went into protected mode. */
  readonly protections: number;
}

/** Silence begins before a stall, by up to a beat, and ends after it, with a beat. */
const SLACK_MS = 2 * defaults.sync.heartbeatMs + 100;
const LONGEST_STALL_MS = 120_000;

export function runStalling(options: StallingOptions): StallingResult {
  const counts = { stalls: 0, longStalls: 0, falseDeaths: 0, trueDeaths: 0, falseSuspicions: 0, protections: 0 };
  const lastStalls = new Map<string, { readonly fromMs: number; readonly untilMs: number }>();
  const deadFor = new Map<string, Set<string>>();
  const wasSilent = (name: string, forMs: number): boolean => {
    const { fromMs, untilMs } = lastStalls.get(name) ?? { fromMs: 0, untilMs: 0 };
    return Math.min(mesh.nowMs, untilMs) - fromMs >= forMs - SLACK_MS && mesh.nowMs <= untilMs + SLACK_MS;
  };
  const mesh: MemberMesh = new MemberMesh({
    seed: options.seed,
    loss: options.loss,
    naive: options.naive,
    onNotice: (agent, notice) => {
      if (notice.type === 'protected' && notice.active) counts.protections++;
      if (notice.type !== 'member') return;
      const { state, node } = notice;
      const holders = deadFor.get(node) ?? new Set();
      deadFor.set(node, holders);
      if (state === 'alive') holders.delete(agent.name);
      if (state === 'suspect' && !wasSilent(node, defaults.sync.suspectAfterMs)) counts.falseSuspicions++;
      if (state !== 'dead') return;
      if (holders.size === 0) counts[wasSilent(node, defaults.sync.deadAfterMs) ? 'trueDeaths' : 'falseDeaths']++;
      holders.add(agent.name);
    },
  });
  const stallLater = (name: string): void => {
    mesh.after(Math.ceil(-Math.log(1 - mesh.random.next()) * options.stallEveryMs), () => {
      const ms = Math.ceil(Math.min(LONGEST_STALL_MS, options.stallMedianMs * Math.exp(options.stallSigma * normal())));
      mesh.get(name).stall(ms);
      counts.stalls++;
      if (ms >= defaults.sync.deadAfterMs) counts.longStalls++;
      lastStalls.set(name, { fromMs: mesh.nowMs, untilMs: mesh.nowMs + ms });
      mesh.after(ms, () => stallLater(name));
    });
  };
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - mesh.random.next())) * Math.cos(2 * Math.PI * mesh.random.next());
  for (let at = 1; at <= options.agents; at++) mesh.start(memberInfo(String(at)));
  mesh.run(5_000);
  for (const name of mesh.agents.keys()) stallLater(name);
  mesh.run(options.hours * 3_600_000);
  return { nodeHours: options.agents * options.hours, ...counts };
}
