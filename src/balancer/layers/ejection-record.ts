/** What outlier ejection remembers of one endpoint. */
export class EjectionRecord {
  /** Failures since the last success. */
  failuresInARow = 0;
  /** Requests and successes in the current interval. */
  requests = 0;
  successes = 0;
  /** How often it was ejected, less one for each interval it was not. */
  times = 0;
  /** Until when it is ejected; undefined while it is not. */
  untilMs: number | undefined;
  /** Given back, and not seen to succeed since. */
  onProbation = false;
  /** Why, in words. */
  cause = '';
}
