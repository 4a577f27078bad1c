import type { LocalCheckRow, LocalCheckState, StateReader } from '../model/index.js';
import type { CheckRuns } from './check-runs.js';
import type { Core } from './core.js';
import type { LocalChecks } from './local-checks.js';
import { LocalDraft } from './local-draft.js';
import type { OutputSync } from './output-sync.js';
import type { CheckPlan } from './registration.js';

/**
 * Our own node's definitions with what hangs on them: live results, probes and leases. Every change goes through
 * `change`, where the rows are decided and, in the same synchronous step, the checks follow.
 */
export class LocalNode {
  constructor(
    readonly core: Core,
    readonly checks: LocalChecks,
    readonly runs: CheckRuns,
    readonly outputs: OutputSync,
  ) {}

  async change(edit: (draft: LocalDraft, head: StateReader) => void): Promise<void> {
    await this.core.decide((head) => {
      const draft = new LocalDraft(head, this.core.self, this.checks);
      edit(draft, head);
      const decided = draft.finish();
      this.follow(draft);
      return { ...decided, result: undefined };
    });
  }

  /** All checks at once: those of the store at start, those of an archive. */
  replaceChecks(plans: readonly CheckPlan[]): void {
    for (const { checkId } of this.checks.values()) this.forget(checkId);
    for (const plan of plans) this.adopt(plan);
  }

  /** A check as it is now. */
  stateOf(row: LocalCheckRow): LocalCheckState {
    const { catalog, clock } = this.core;
    const live = this.checks.get(row.checkId);
    const { status = 'critical', output = '', flapping = false } = live?.health ?? {};
    const service = row.serviceId === '' ? undefined : catalog.localService(row.serviceId);
    const lastMs = live?.lastResultMs;
    return {
      row,
      status,
      output,
      flapping,
      serviceName: service?.service ?? '',
      serviceTags: service?.tags ?? [],
      lastResultAt: lastMs === undefined ? undefined : clock.wall() - (clock.now() - lastMs),
    };
  }

  close(): Promise<void> {
    this.outputs.close();
    return this.runs.close();
  }

  private follow(draft: LocalDraft): void {
    for (const [checkId, plan] of draft.settledChecks()) {
      if (plan) this.adopt(plan);
      else this.forget(checkId);
    }
  }

  private adopt({ row, outcome, firstRun }: CheckPlan): void {
    this.checks.adopt(row, outcome, this.core.clock.now());
    this.runs.start(row, firstRun);
  }

  private forget(checkId: string): void {
    this.checks.drop(checkId);
    this.runs.stop(checkId);
    this.outputs.cancel(checkId);
  }
}
