import type { ServiceEndpoint } from '../model/index.js';
import type { Outcome } from './balancer.js';
import type { Member } from './member.js';

/** Told of the end of every pick, once. */
export interface Ending {
  ended(pick: EndpointPick, outcome: Outcome | undefined): void;
}

/**
 * A choice under way, linked to the others of its member so that the oldest is known without looking.
 * `done` is bound when it is read: `const { endpoint, done } = picker.pick()` works, and who never reads it pays nothing.
 */
export class EndpointPick {
  readonly type = 'endpoint';
  older: EndpointPick | undefined;
  newer: EndpointPick | undefined;
  private over = false;

  constructor(
    readonly endpoint: ServiceEndpoint,
    readonly member: Member,
    readonly atMs: number,
    private readonly ending: Ending,
  ) {}

  get done(): (outcome?: Outcome) => void {
    return (outcome) => {
      if (this.over) return;
      this.over = true;
      this.ending.ended(this, outcome);
    };
  }

  /** Nobody is expected to call `done` any more. */
  abandon(): void {
    this.over = true;
    this.member.ended(this);
  }
}
