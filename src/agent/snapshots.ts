import type { HttpApiDependencies } from '../api/index.js';
import { wholeState, type Cluster } from '../model/index.js';
import type { Registry } from '../registry/index.js';
import { realClock } from '../runtime/index.js';
import { readSnapshotArchive, SnapshotSchedule, writeSnapshotArchive, type SnapshotSource } from '../store/index.js';
import type { Closers } from './closers.js';
import type { AgentConfig } from './config/index.js';
import type { AgentLogger } from './logger.js';

/** Snapshots over HTTP. */
export function snapshotArchive(registry: Registry): HttpApiDependencies['snapshots'] {
  return {
    write: (snapshot) => writeSnapshotArchive({ ...stamp(registry), ...snapshot, createdAt: realClock.wall() }),
    read: async (bytes) => {
      const { rows, meta } = await readSnapshotArchive(bytes);
      return { rows, node: meta.node };
    },
  };
}

/** Snapshots by the clock, when the configuration asks for them. */
export function startSnapshots(
  config: AgentConfig,
  registry: Registry,
  { home }: Cluster,
  logger: AgentLogger,
  closers: Closers,
): void {
  if (!config.snapshots) return;
  const schedule = new SnapshotSchedule({
    ...config.snapshots,
    source: () => ({ ...stamp(registry), ...wholeState(registry.catalog, home) }),
    clock: realClock,
    logger: logger.child({ room: 'snapshots' }),
  });
  closers.add(() => schedule.close());
  schedule.start();
}

function stamp({ catalog, nodeName }: Registry): Pick<SnapshotSource, 'datacenter' | 'node'> {
  return { datacenter: catalog.datacenter, node: nodeName };
}
