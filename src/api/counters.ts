import type { Metric } from './dependencies.js';

/** Plain numbers, counted on the hot path and read when somebody scrapes. */
export class HttpCounters {
  requests = 0;
  /** By first digit of the status. */
  readonly answered = [0, 0, 0, 0, 0, 0];
  limited = 0;
  refusedConnections = 0;
  connections = 0;
  streams = 0;

  count(status: number): void {
    const digit = Math.floor(status / 100);
    this.answered[digit] = (this.answered[digit] ?? 0) + 1;
  }

  metrics(blocked: number): readonly Metric[] {
    const { requests, answered, limited, refusedConnections, connections, streams } = this;
    return [
      { name: 'discovery_http_requests_total', help: 'Requests received.', type: 'counter', value: requests },
      ...answered.flatMap((value, digit) => (digit === 0 ? [] : [answersOf(digit, value)])),
      {
        name: 'discovery_http_rate_limited_total',
        help: 'Requests over the rate limit.',
        type: 'counter',
        value: limited,
      },
      {
        name: 'discovery_http_connections_refused_total',
        help: 'Connections over the limit of one client.',
        type: 'counter',
        value: refusedConnections,
      },
      { name: 'discovery_http_connections', help: 'Open connections.', type: 'gauge', value: connections },
      { name: 'discovery_http_blocking_queries', help: 'Queries waiting for a change.', type: 'gauge', value: blocked },
      { name: 'discovery_http_watch_streams', help: 'Open event streams.', type: 'gauge', value: streams },
    ];
  }
}

function answersOf(digit: number, value: number): Metric {
  const labels = { code: `${digit}xx` };
  return { name: 'discovery_http_answers_total', help: 'Answers by class of status.', type: 'counter', value, labels };
}
