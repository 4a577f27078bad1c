import type { CheckResult, StateReader } from '../model/index.js';
import type { CheckOutcome } from './definition-rows.js';
import type { LiveCheck } from './local-checks.js';
import type { LocalNode } from './local-node.js';

/**
 * From what a check says to the catalog: a change of status is a change, at once and durable; a change of output alone
 * waits; the same again is nothing. Most results are the last kind, and cost no decision.
 */
export class CheckResults {
  constructor(
    private readonly node: LocalNode,
    /** Keep outputs in no row and no read (Consul's discard_check_output). */
    private readonly discardOutput: boolean,
  ) {}

  /** A probe ran. */
  ran(checkId: string, result: CheckResult): Promise<void> {
    const check = this.node.checks.get(checkId);
    if (!check) return Promise.resolve();
    const applied = this.node.checks.result(check, this.kept(result), this.node.core.clock.now());
    return applied.transition || applied.outputChanged ? this.show(check) : Promise.resolve();
  }

  /** The owner of a TTL check spoke, or its time is up. Judged in order with all other commands. */
  say(check: LiveCheck, outcome: CheckOutcome): Promise<void> {
    this.node.checks.say(check, this.kept(outcome), this.node.core.clock.now());
    return this.show(check);
  }

  /** Time for an output that waited. */
  showOutput(checkId: string): Promise<void> {
    return this.node.change((draft) => draft.touchCheck(checkId));
  }

  private show({ checkId }: LiveCheck): Promise<void> {
    return this.node.change((draft, head) => {
      const live = this.node.checks.get(checkId);
      if (!live) return;
      if (this.isOutputOnly(head, live)) return;
      this.node.outputs.cancel(checkId);
      draft.touchCheck(checkId);
    });
  }

  private isOutputOnly(head: StateReader, { checkId, health }: LiveCheck): boolean {
    const row = head.check(this.node.core.self.name, checkId);
    if (row?.status !== health.status) return false;
    if (row.output !== health.output) this.node.outputs.defer(checkId);
    return true;
  }

  private kept(outcome: CheckOutcome): CheckOutcome {
    return this.discardOutput ? { status: outcome.status, output: '' } : outcome;
  }
}
