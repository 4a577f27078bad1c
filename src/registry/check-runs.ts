import type { CheckScheduler, FirstRun } from '../checks/index.js';
import { ttlExpiredOutput } from '../checks/index.js';
import type { CatalogView, CheckDefinition, LocalCheckRow } from '../model/index.js';
import { topic } from '../model/index.js';
import type { Clock } from '../runtime/index.js';
import { Deadlines } from './deadlines.js';

export interface CheckRunsOptions {
  readonly clock: Clock;
  readonly scheduler: CheckScheduler;
  readonly catalog: CatalogView;
  readonly nodeName: string;
  /** A TTL check that nobody reported to in time. */
  readonly onExpired: (checkId: string, output: string) => void;
}

interface Running {
  readonly definition: CheckDefinition;
  /** What the owner of a TTL check last said. */
  note: string;
  stop: () => void;
}

/**
 * What keeps our checks going, by kind: a lease for TTL, a place in the schedule for those that are run, and for an
 * alias also a wake-up whenever the instance it mirrors changes. Maintenance checks need nothing.
 */
export class CheckRuns {
  private readonly running = new Map<string, Running>();
  private readonly ttls: Deadlines;

  constructor(private readonly options: CheckRunsOptions) {
    this.ttls = new Deadlines(options.clock, (checkId) => this.expire(checkId));
  }

  /** A check registered, new or again. One that is the same as before keeps its place in the schedule. */
  start({ checkId, definition }: LocalCheckRow, firstRun: FirstRun): void {
    const before = this.running.get(checkId);
    if (before && isSameProbe(before.definition, definition)) {
      if (definition.type === 'ttl') this.ttls.set(checkId, definition.ttlMs);
      return;
    }
    this.stop(checkId);
    const running: Running = { definition, note: '', stop: () => {} };
    this.running.set(checkId, running);
    if (definition.type === 'ttl') this.ttls.set(checkId, definition.ttlMs);
    else if (definition.type !== 'maintenance') {
      this.options.scheduler.add(checkId, definition, { firstRun });
      if (definition.type === 'alias') running.stop = this.watchAliased(checkId, definition);
    }
  }

  stop(checkId: string): void {
    const running = this.running.get(checkId);
    if (!running) return;
    this.running.delete(checkId);
    running.stop();
    this.ttls.delete(checkId);
    this.options.scheduler.remove(checkId);
  }

  /** The owner of a TTL check reported: its time starts anew. */
  renew(checkId: string, note: string): void {
    const running = this.running.get(checkId);
    if (running?.definition.type !== 'ttl') return;
    running.note = note;
    this.ttls.set(checkId, running.definition.ttlMs);
  }

  runNow(checkId: string): boolean {
    return this.options.scheduler.runNow(checkId);
  }

  async close(): Promise<void> {
    this.ttls.clear();
    for (const { stop } of this.running.values()) stop();
    this.running.clear();
    await this.options.scheduler.close();
  }

  private expire(checkId: string): void {
    const running = this.running.get(checkId);
    if (running) this.options.onExpired(checkId, ttlExpiredOutput(running.note));
  }

  /** Woken by anything about the mirrored instance's node: the instance, its checks, the node's checks. */
  private watchAliased(checkId: string, definition: CheckDefinition): () => void {
    const { catalog, scheduler, nodeName } = this.options;
    return catalog.subscribe(topic.node(definition.aliasNode || nodeName), () => void scheduler.runNow(checkId));
  }
}

function isSameProbe(before: CheckDefinition, after: CheckDefinition): boolean {
  return JSON.stringify(before) === JSON.stringify(after);
}
