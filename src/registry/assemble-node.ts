import { checkRunners, CheckScheduler, defaultDamping } from '../checks/index.js';
import type { CheckRunner } from '../model/index.js';
import { defaults, isDiscoveryError, remove } from '../model/index.js';
import { aliasSource } from './alias-source.js';
import { CheckResults } from './check-results.js';
import { CheckRuns } from './check-runs.js';
import type { Core } from './core.js';
import { LocalChecks } from './local-checks.js';
import { LocalNode } from './local-node.js';
import type { CheckOptions } from './options.js';
import { OutputSync } from './output-sync.js';

export interface AssembledNode {
  readonly node: LocalNode;
  readonly results: CheckResults;
  readonly scheduler: CheckScheduler;
}

/** Our own node with its checks: what probes, leases and clocks find out ends in `results`. */
export function assembleNode(core: Core, options: CheckOptions): AssembledNode {
  const { clock, random, catalog, self } = core;
  const scheduler = new CheckScheduler({
    clock,
    random,
    runnerOf: checkRunners({
      aliases: aliasSource(catalog, self.name),
      allowedNetworks: options.allowedNetworks,
      custom: runnersOf(options),
    }),
    onResult: (checkId, result) => unattended(core, results.ran(checkId, result)),
  });
  const runs = new CheckRuns({
    clock,
    scheduler,
    catalog,
    nodeName: self.name,
    onExpired: (checkId, output) => expire(checkId, output),
  });
  const updateIntervalMs = options.updateIntervalMs ?? defaults.checkUpdateIntervalMs;
  const outputs = new OutputSync(clock, random, updateIntervalMs, (checkId) =>
    unattended(core, results.showOutput(checkId)),
  );
  const checks = new LocalChecks(options.damping ? defaultDamping : undefined);
  const node = new LocalNode(core, checks, runs, outputs);
  const results = new CheckResults(node, options.discardOutput ?? false);
  return { node, results, scheduler };

  function expire(checkId: string, output: string): void {
    const check = checks.get(checkId);
    if (!check) return;
    if (check.health.status !== 'critical') core.marks.mark(remove('check', checkId, self.name).ref, 'ttl');
    unattended(core, results.say(check, { status: 'critical', output }));
  }
}

export function runnersOf({ runners = {} }: CheckOptions): ReadonlyMap<string, CheckRunner> {
  return runners instanceof Map ? runners : new Map(Object.entries(runners));
}

/** Work that no command waits for. A store that failed is told once, by the writer. */
function unattended(core: Core, work: Promise<void>): void {
  work.catch((error: unknown) => {
    if (isDiscoveryError(error, 'CLOSED') || isDiscoveryError(error, 'UNAVAILABLE')) return;
    core.logger.error({ error }, 'registry.check_result_lost');
  });
}
