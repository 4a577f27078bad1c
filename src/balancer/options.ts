import { defaults, given, type Locality, type Violation } from '../model/index.js';
import type { Clock, Random } from '../runtime/index.js';
import type { BalancerEvent } from './events.js';
import { type EjectionOptions, type EjectionRules, ENVOY_EJECTION } from './layers/ejection.js';
import type { SubsetOptions } from './layers/narrowing.js';
import type { PanicOptions } from './layers/panic.js';
import type { VersionSubset } from './layers/shares.js';
import type { SlowStartOptions, SlowStartRules } from './layers/slow-start.js';
import { policies } from './policies/policies.js';
import type { Policy } from './policy.js';
import { outside, refuse } from './violations.js';

export interface BalancerOptions {
  /** A name of `policyNames`, or one of your own. Default `adaptive`. */
  readonly policy?: string | Policy;
  /** `realClock`, or one turned by hand. */
  readonly clock: { now(): number } | Clock;
  /** `realRandom`, or a seeded one: the same seed and calls give the same picks. */
  readonly random: Random;
  /** Where this client runs: endpoints of its zone, then of its region, are preferred. Default: all are equally near. */
  readonly locality?: Locality;
  /**
   * How many endpoints of a large set this client uses; `false`: all. Default: 10 for `adaptive`, all for the others. Not
   * for policies that hash keys: clients with different subsets would disagree about a key.
   */
  readonly subset?: SubsetOptions | false;
  /** Parts of the requests for parts of the endpoints, such as 5 % for a canary. Default: no parts. */
  readonly subsets?: readonly VersionSubset[];
  /** Default: Envoy's rules; `false`: nobody is ejected. */
  readonly ejection?: EjectionOptions | false;
  /** What to do when too few are healthy. Default: below 50 %, use the unhealthy as well (`open`). */
  readonly panic?: PanicOptions;
  /** How endpoints that are new beside older ones begin. Default: 10 s from 10 %; `false`: with their full weight. */
  readonly slowStart?: SlowStartOptions | false;
  /** How much more than its share a locality is trusted to carry, >= 1. Default 1.4: spills over below 71.4 % healthy. */
  readonly overprovisioning?: number;
  /** Told of ejections and panic. What it throws is thrown by the pick, update or done that caused it. */
  readonly onEvent?: (event: BalancerEvent) => void;
}

/** Options with every default filled in. */
export interface Settings {
  readonly policy: Policy;
  readonly clock: { now(): number };
  readonly random: Random;
  readonly locality: Locality | undefined;
  /** Smallest size of the subset; Infinity: all. */
  readonly subsetSize: number;
  readonly subsetSeed: string;
  readonly subsets: readonly VersionSubset[];
  readonly ejection: EjectionRules | undefined;
  readonly panic: Required<PanicOptions>;
  readonly slowStart: SlowStartRules | undefined;
  readonly overprovisioning: number;
  readonly onEvent: (event: BalancerEvent) => void;
}

/** Throws INVALID_ARGUMENT naming every option that breaks a rule. */
export function settingsOf(options: BalancerOptions): Settings {
  const { policy = 'adaptive', subset, ejection, panic, slowStart } = options;
  refuse('balancer', [...violationsOf(options)]);
  const chosen = typeof policy === 'string' ? (policies.get(policy) as Policy) : policy;
  const narrow = subset === undefined ? chosen.narrow === true : subset !== false;
  return {
    policy: chosen,
    clock: options.clock,
    random: options.random,
    locality: options.locality,
    subsetSize: narrow ? ((subset || {}).size ?? defaults.subsetSize) : Infinity,
    subsetSeed: (subset || {}).seed ?? String(options.random.next()),
    subsets: options.subsets ?? [],
    ejection: ejection === false ? undefined : withDefaults(ENVOY_EJECTION, ejection),
    panic: withDefaults<Required<PanicOptions>>({ threshold: defaults.panicThreshold, mode: 'open' }, panic),
    slowStart:
      slowStart === false ? undefined : withDefaults({ windowMs: 10_000, floor: 0.1, aggression: 1 }, slowStart),
    overprovisioning: options.overprovisioning ?? defaults.overprovisioning,
    onEvent: options.onEvent ?? (() => {}),
  };
}

/** An option given as undefined is not given. */
function withDefaults<T extends object>(fallback: T, options: Partial<T> = {}): T {
  return { ...fallback, ...given(options) };
}

function* violationsOf(options: BalancerOptions): Iterable<Violation> {
  if (typeof options.clock?.now !== 'function') yield { field: 'clock', rule: 'a clock, such as realClock' };
  if (typeof options.random?.next !== 'function')
    yield { field: 'random', rule: 'a source of randomness, such as realRandom' };
  const { policy = 'adaptive' } = options;
  if (typeof policy === 'string' && !policies.has(policy)) {
    yield { field: 'policy', rule: `one of ${[...policies.keys()].join(', ')}` };
  }
  if (typeof policy !== 'string' && !isPolicy(policy)) {
    yield { field: 'policy', rule: 'a name, or an object with a name and a function create' };
  }
  yield* outside('overprovisioning', options.overprovisioning, 1);
  const { subset = {}, ejection = {}, panic = {}, slowStart = {}, subsets = [] } = options;
  if (subset) yield* outside('subset.size', subset.size, 1, Infinity, true);
  if (ejection) {
    yield* outside('ejection.consecutiveFailures', ejection.consecutiveFailures, 1, Infinity, true);
    yield* outside('ejection.intervalMs', ejection.intervalMs, 1);
    yield* outside('ejection.baseMs', ejection.baseMs, 0);
    yield* outside('ejection.maxMs', ejection.maxMs, 0);
    yield* outside('ejection.maxShare', ejection.maxShare, 0, 1);
    yield* outside('ejection.successRateDeviations', ejection.successRateDeviations, 0);
    yield* outside('ejection.successRateEndpoints', ejection.successRateEndpoints, 1, Infinity, true);
    yield* outside('ejection.successRateRequests', ejection.successRateRequests, 1, Infinity, true);
  }
  yield* outside('panic.threshold', panic.threshold, 0, 1);
  if (panic.mode !== undefined && !['open', 'closed', 'shed'].includes(panic.mode)) {
    yield { field: 'panic.mode', rule: 'open, closed or shed' };
  }
  if (slowStart) {
    yield* outside('slowStart.windowMs', slowStart.windowMs, 0);
    yield* outside('slowStart.floor', slowStart.floor, 0.001, 1);
    yield* outside('slowStart.aggression', slowStart.aggression, 0.001);
  }
  yield* versionSubsetViolations(subsets);
}

function* versionSubsetViolations(subsets: readonly VersionSubset[]): Iterable<Violation> {
  const names = new Set<string>();
  for (const [at, { name, weight, accepts }] of subsets.entries()) {
    const field = `subsets[${at}]`;
    if (typeof name !== 'string' || name === '' || names.has(name))
      yield { field: `${field}.name`, rule: 'a name of its own' };
    names.add(name);
    yield* outside(`${field}.weight`, weight, 0);
    if (typeof accepts !== 'function') yield { field: `${field}.accepts`, rule: 'a function of an endpoint' };
  }
  if (subsets.length > 0 && !subsets.some(({ weight }) => weight > 0)) {
    yield { field: 'subsets', rule: 'given a weight above 0 at least once' };
  }
}

function isPolicy(policy: Policy | null): boolean {
  return policy !== null && typeof policy.name === 'string' && typeof policy.create === 'function';
}
