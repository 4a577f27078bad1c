import type { CheckDefinition, CheckStatus } from './rows.js';

export interface CheckResult {
  readonly status: CheckStatus;
  /** For people; the caller truncates. */
  readonly output: string;
}

/** One way of testing something. Supplied by us for each check type, or by a user under a name of their own. */
export interface CheckRunner {
  /**
   * Runs the test once. A test that fails is a critical result with the reason as output, never a rejection; a
   * rejection is taken as critical with the error's message. Must stop what it started soon after `signal` aborts
   * (the timeout and the removal of the check both abort it).
   */
  run(check: CheckDefinition, signal: AbortSignal): Promise<CheckResult>;
}
