import { defaults, remove } from '../model/index.js';
import type { LiveCheck } from './local-checks.js';
import type { LocalNode } from './local-node.js';

/**
 * DeregisterCriticalServiceAfter (docs/contract.md section 4): a service of which one check has been critical for that
 * long without a break is removed. Looked at every 30 s; more often when the configured minimum is shorter than
 * Consul's minute.
 */
export class Reaper {
  private cancelTimer: () => void = () => {};
  private readonly periodMs: number;

  constructor(
    private readonly node: LocalNode,
    private readonly minAfterMs: number,
  ) {
    this.periodMs = defaults.reapIntervalMs * Math.min(1, minAfterMs / defaults.minDeregisterAfterMs);
  }

  start(): void {
    this.cancelTimer = this.node.core.clock.after(this.periodMs, () => {
      this.look();
      this.start();
    });
  }

  close(): void {
    this.cancelTimer();
  }

  private look(): void {
    const nowMs = this.node.core.clock.now();
    const lapsed = [...this.node.checks.values()].filter((check) => this.isLapsed(check, nowMs));
    for (const id of new Set(lapsed.map((check) => check.serviceId))) this.reap(id);
  }

  private isLapsed({ serviceId, definition, criticalSinceMs }: LiveCheck, nowMs: number): boolean {
    const afterMs = definition.deregisterCriticalServiceAfterMs;
    if (afterMs <= 0 || serviceId === '' || criticalSinceMs === undefined) return false;
    return nowMs - criticalSinceMs >= Math.max(afterMs, this.minAfterMs);
  }

  private reap(serviceId: string): void {
    const { self, marks, logger } = this.node.core;
    this.node
      .change((draft) => {
        if (!draft.service(serviceId)) return;
        marks.mark(remove('service', serviceId, self.name).ref, 'critical-too-long');
        draft.removeService(serviceId);
      })
      .then(
        () => logger.info({ serviceId }, 'registry.service_reaped'),
        (error: unknown) => logger.warn({ serviceId, error }, 'registry.reap_failed'),
      );
  }
}
