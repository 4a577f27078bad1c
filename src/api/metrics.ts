import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { ApiContext } from './context.js';
import type { Metric } from './dependencies.js';
import { Body } from './core/reply.js';
import type { BodyReply } from './core/reply.js';

/**
 * Prometheus' text format. Rooms count in plain numbers, far cheaper than a metrics library on a hot path; the library
 * renders them when somebody scrapes, together with the process's own.
 */
export async function renderMetrics(api: ApiContext): Promise<BodyReply> {
  const registry = new Registry();
  const made = new Map<string, Counter | Gauge>();
  for (const metric of allMetrics(api)) set(metric, registry, made);
  const text = (await registry.metrics()) + (await processMetrics().metrics());
  return {
    status: 200,
    headers: ['Content-Type', Registry.PROMETHEUS_CONTENT_TYPE],
    body: new Body(Buffer.from(text, 'utf8')),
  };
}

export function allMetrics(api: ApiContext): readonly Metric[] {
  const counts = Object.entries(api.handle.catalog.counts()).map(([name, value]): Metric => {
    return { name: `discovery_catalog_${name}`, help: `Catalog: ${name}.`, type: 'gauge', value };
  });
  return [...api.metrics(), ...counts, ...api.counters.metrics(api.blocking.size)];
}

function set(metric: Metric, registry: Registry, made: Map<string, Counter | Gauge>): void {
  const labels = metric.labels ?? {};
  let instrument = made.get(metric.name);
  if (!instrument) {
    const configuration = {
      name: metric.name,
      help: metric.help,
      labelNames: Object.keys(labels),
      registers: [registry],
    };
    instrument = metric.type === 'counter' ? new Counter(configuration) : new Gauge(configuration);
    made.set(metric.name, instrument);
  }
  instrument.inc(labels, metric.value);
}

let ofProcess: Registry | undefined;

/** One for the process: its collectors watch the event loop from the first scrape on. */
function processMetrics(): Registry {
  if (!ofProcess) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}
