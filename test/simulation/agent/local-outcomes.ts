import type { CheckStatus, StateReader } from '../../../src/model/index.js';
import { isCheckStatus } from '../../../src/model/index.js';
import type { CheckOutcome } from '../../../src/registry/definition-rows.js';
import type { LocalOutcomes } from '../../../src/registry/local-draft.js';

/** What the checks of this agent last said: lost with the process, and begun anew from the rows. */
export class Outcomes implements LocalOutcomes {
  private readonly said = new Map<string, CheckOutcome>();

  constructor(
    private readonly state: StateReader,
    node: string,
  ) {
    for (const { checkId } of state.localChecks()) {
      const status = state.check(node, checkId)?.status ?? '';
      this.said.set(checkId, { status: isCheckStatus(status) ? status : 'critical', output: '' });
    }
  }

  say(checkId: string, status: CheckStatus): CheckOutcome {
    const outcome = { status, output: `it is ${status}` };
    this.said.set(checkId, outcome);
    return outcome;
  }

  outcome(checkId: string): CheckOutcome | undefined {
    return this.said.get(checkId);
  }

  *checkIdsOf(serviceId: string): Iterable<string> {
    for (const row of this.state.localChecks()) if (row.serviceId === serviceId) yield row.checkId;
  }
}
