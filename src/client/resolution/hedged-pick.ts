import type { HedgeBudget, Outcome, Pick } from '../../balancer/index.js';
import type { ServiceEndpoint } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';

type EndpointPick = Extract<Pick, { readonly type: 'endpoint' }>;

/** A pick whose latency also counts for when a second copy of a request is worth sending. */
export class HedgedPick implements EndpointPick {
  readonly type = 'endpoint';
  readonly endpoint: ServiceEndpoint;
  private isDone = false;

  constructor(
    private readonly pick: EndpointPick,
    private readonly hedges: HedgeBudget,
    private readonly clock: Clock,
    private readonly beganMs: number,
  ) {
    this.endpoint = pick.endpoint;
  }

  done(outcome?: Outcome): void {
    if (this.isDone) return;
    this.isDone = true;
    this.pick.done(outcome);
    if (outcome === undefined || outcome.ok)
      this.hedges.answered(outcome?.latencyMs ?? this.clock.now() - this.beganMs);
  }
}
