import type { HedgeBudget, Outcome, Pick } from '../../balancer/index.js';
import type { ServiceEndpoint } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';

type EndpointPick = Extract<Pick, { readonly type: 'endpoint' }>;

/**
 * A pick whose latency also counts for when a second copy of a request is worth sending. `done` is its own function, so it
 * can be taken out of it.
 */
export class HedgedPick implements EndpointPick {
  readonly type = 'endpoint';
  readonly endpoint: ServiceEndpoint;
  readonly done: (outcome?: Outcome) => void;

  constructor(pick: EndpointPick, hedges: HedgeBudget, clock: Clock, beganMs: number) {
    this.endpoint = pick.endpoint;
    let isDone = false;
    this.done = (outcome) => {
      if (isDone) return;
      isDone = true;
      pick.done(outcome);
      if (outcome?.kind === 'cancelled') return;
      if (outcome === undefined || outcome.ok) hedges.answered(outcome?.latencyMs ?? clock.now() - beganMs);
    };
  }
}
