import type { Applied, DampingRules, HealthRules, HealthState } from '../checks/index.js';
import { applyResult, initialHealth } from '../checks/index.js';
import type { CheckDefinition, CheckResult, LocalCheckRow } from '../model/index.js';
import type { CheckOutcome } from './definition-rows.js';
import type { LocalOutcomes } from './local-draft.js';

/**
 * A check of ours as it is now: in memory only, and ahead of its catalog row in output (docs/contract.md section 4).
 */
export interface LiveCheck {
  readonly checkId: string;
  readonly serviceId: string;
  readonly definition: CheckDefinition;
  health: HealthState;
  /** Monotonic time since which it has been critical without a break; undefined when it is not. */
  criticalSinceMs: number | undefined;
  /** Monotonic time of the last result; undefined before the first. */
  lastResultMs: number | undefined;
}

/**
 * The live results of our own checks, and which check belongs to which service. Changed in the same synchronous step
 * as the decision that changes a definition, so it is always as the head is.
 */
export class LocalChecks implements LocalOutcomes {
  private readonly live = new Map<string, LiveCheck>();
  private readonly byService = new Map<string, Set<string>>();

  constructor(private readonly damping?: DampingRules) {}

  get(checkId: string): LiveCheck | undefined {
    return this.live.get(checkId);
  }

  outcome(checkId: string): CheckOutcome | undefined {
    return this.live.get(checkId)?.health;
  }

  /** '': of the node itself. */
  checkIdsOf(serviceId: string): readonly string[] {
    return [...(this.byService.get(serviceId) ?? [])];
  }

  values(): Iterable<LiveCheck> {
    return this.live.values();
  }

  /** A definition, new or again: what its id said before stays said, and the counters start full. */
  adopt(row: LocalCheckRow, fresh: CheckOutcome, nowMs: number): void {
    const before = this.live.get(row.checkId);
    const { status, output } = before?.health ?? fresh;
    this.drop(row.checkId);
    this.live.set(row.checkId, {
      checkId: row.checkId,
      serviceId: row.serviceId,
      definition: row.definition,
      health: initialHealth(status, output, this.rulesOf(row.definition)),
      criticalSinceMs: status === 'critical' ? (before?.criticalSinceMs ?? nowMs) : undefined,
      lastResultMs: before?.lastResultMs,
    });
    const siblings = this.byService.get(row.serviceId);
    if (siblings) siblings.add(row.checkId);
    else this.byService.set(row.serviceId, new Set([row.checkId]));
  }

  drop(checkId: string): void {
    const check = this.live.get(checkId);
    if (!check) return;
    this.live.delete(checkId);
    const siblings = this.byService.get(check.serviceId);
    siblings?.delete(checkId);
    if (siblings?.size === 0) this.byService.delete(check.serviceId);
  }

  /** A probe's result: counted against the thresholds. */
  result(check: LiveCheck, result: CheckResult, nowMs: number): Applied {
    const applied = applyResult(check.health, result, this.rulesOf(check.definition), nowMs);
    this.become(check, applied.state, nowMs);
    return applied;
  }

  /** What its owner says it is (TTL), or that the owner said nothing in time: takes effect as it stands. */
  say(check: LiveCheck, { status, output }: CheckOutcome, nowMs: number): void {
    this.become(check, { ...check.health, status, output, undamped: status }, nowMs);
  }

  private become(check: LiveCheck, health: HealthState, nowMs: number): void {
    check.health = health;
    check.lastResultMs = nowMs;
    if (health.status !== 'critical') check.criticalSinceMs = undefined;
    else check.criticalSinceMs ??= nowMs;
  }

  private rulesOf(definition: CheckDefinition): HealthRules {
    const { successBeforePassing, failuresBeforeWarning, failuresBeforeCritical } = definition;
    return {
      successBeforePassing,
      failuresBeforeWarning,
      failuresBeforeCritical,
      ...(this.damping && { damping: this.damping }),
    };
  }
}
