import type { ApiContext } from './context.js';
import type { Metric } from './dependencies.js';
import { allMetrics } from './metrics.js';

/** agent/metrics in Consul's shape: no samples and no points are kept, counters and gauges are. */
export function metricsJson(api: ApiContext): object {
  const all = allMetrics(api);
  return {
    Timestamp: timestamp(api.clock.wall()),
    Gauges: all
      .filter((metric) => metric.type === 'gauge')
      .map(({ name, value, labels }) => {
        return { Name: name, Value: value, Labels: labels ?? {} };
      }),
    Points: [],
    Counters: all.filter((metric) => metric.type === 'counter').map(counterToWire),
    Samples: [],
  };
}

function counterToWire({ name, value, labels }: Metric): object {
  return {
    Name: name,
    Count: value,
    Rate: 0,
    Sum: value,
    Min: 0,
    Max: value,
    Mean: 0,
    Stddev: 0,
    Labels: labels ?? {},
  };
}

/** Go's default form of a time: `2006-01-02 15:04:05 +0000 UTC`. */
function timestamp(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}
