import type { CheckResult, CheckStatus } from '../model/index.js';
import { damp, type Damping, type DampingRules, steady } from './flap-damping.js';

/**
 * What results make of a check's status (docs/contract.md section 4). Results in a row are counted, successes (passing,
 * warning) and failures apart, and take effect at a threshold; below it nothing changes, the output included. The
 * counters start full, so the first result after a registration takes effect at once.
 */
export interface HealthState {
  /** As everyone sees it. */
  readonly status: CheckStatus;
  readonly output: string;
  /** Held critical because it changed too often. */
  readonly flapping: boolean;
  readonly successes: number;
  readonly failures: number;
  /** What `status` would be without damping. */
  readonly undamped: CheckStatus;
  readonly damping: Damping;
}

export interface HealthRules {
  readonly successBeforePassing: number;
  /** 0: as failuresBeforeCritical, that is, never before critical. */
  readonly failuresBeforeWarning: number;
  readonly failuresBeforeCritical: number;
  /** Absent: no damping. */
  readonly damping?: DampingRules;
}

interface Transition {
  readonly from: CheckStatus;
  readonly to: CheckStatus;
}

export interface Applied {
  readonly state: HealthState;
  readonly transition?: Transition;
  readonly outputChanged: boolean;
}

/** State at (re-)registration, with the status and output it begins with. */
export function initialHealth(status: CheckStatus, output: string, rules: HealthRules): HealthState {
  return {
    status,
    output,
    flapping: false,
    successes: rules.successBeforePassing,
    failures: rules.failuresBeforeCritical,
    undamped: status,
    damping: steady,
  };
}

export function applyResult(state: HealthState, result: CheckResult, rules: HealthRules, nowMs: number): Applied {
  const counted = count(state, result.status);
  const undamped = reached(counted, result.status, rules);
  const next = undamped === undefined ? counted : { ...counted, undamped, output: result.output };
  const shown = dampedOf(next, state, rules, nowMs);
  return {
    state: shown,
    ...(shown.status === state.status ? {} : { transition: { from: state.status, to: shown.status } }),
    outputChanged: shown.output !== state.output,
  };
}

function count(state: HealthState, status: CheckStatus): HealthState {
  if (status === 'critical') return { ...state, successes: 0, failures: state.failures + 1 };
  return { ...state, successes: state.successes + 1, failures: 0 };
}

/** The status that the counters justify; undefined while they stay below every threshold. */
function reached(
  { successes, failures }: HealthState,
  status: CheckStatus,
  rules: HealthRules,
): CheckStatus | undefined {
  if (status !== 'critical') return successes >= rules.successBeforePassing ? status : undefined;
  if (failures >= rules.failuresBeforeCritical) return 'critical';
  return rules.failuresBeforeWarning > 0 && failures >= rules.failuresBeforeWarning ? 'warning' : undefined;
}

function dampedOf(next: HealthState, before: HealthState, rules: HealthRules, nowMs: number): HealthState {
  if (!rules.damping) return { ...next, status: next.undamped, flapping: false };
  const damping = damp(before.damping, rules.damping, next.undamped !== before.undamped, nowMs);
  const flapping = damping.suppressed;
  return { ...next, damping, flapping, status: flapping ? 'critical' : next.undamped };
}
