import type { LocalServiceRow, StateReader } from '../model/index.js';
import { defaults } from '../model/index.js';
import type { Core } from './core.js';
import type { LocalDraft } from './local-draft.js';
import type { LocalNode } from './local-node.js';
import { CONSUL_SERVICE, SERF_HEALTH } from './own-node.js';

/** Rows compared in one decision: some milliseconds, so that a node with very many holds nobody up. */
const SLICE = 500;

/**
 * Anti-entropy for our own node (docs/contract.md section 4): every command writes its rows itself, so the full
 * comparison each minute only finds what others did to them. It restores rows changed or removed from outside and
 * removes rows that no definition explains; with EnableTagOverride the tags flow the other way, from row to definition.
 * What the agent writes for itself is restored too.
 */
export class Reconciler {
  private cancelTimer: () => void = () => {};
  private closed = false;

  constructor(private readonly node: LocalNode) {}

  start(): void {
    this.plan(defaults.fullReconcileMs);
  }

  /** In slices, with a pause between them unless nobody can be held up yet, as before the start is done. */
  async run(options: { readonly pauses: boolean } = { pauses: true }): Promise<void> {
    const { catalog, clock } = this.node.core;
    await this.node.change((draft, head) => {
      draft.touchOwnRows();
      removeUnexplained(draft, head, this.node.core);
    });
    const services = [...catalog.localServices()].map((row) => row.id);
    const checks = [...catalog.localChecks()].map((row) => row.checkId);
    for (const slice of slices(services, checks)) {
      if (slice.isLater && options.pauses) await clock.sleep(0);
      await this.node.change((draft, head) => this.compare(draft, head, slice));
    }
  }

  close(): void {
    this.closed = true;
    this.cancelTimer();
  }

  private plan(delayMs: number): void {
    if (this.closed) return;
    this.cancelTimer = this.node.core.clock.after(delayMs, () => {
      this.run().then(
        () => this.plan(defaults.fullReconcileMs),
        (error: unknown) => {
          if (this.closed) return;
          this.node.core.logger.warn({ error }, 'registry.reconcile_failed');
          this.plan(defaults.reconcileRetryMs);
        },
      );
    });
  }

  private compare(draft: LocalDraft, head: StateReader, slice: Slice): void {
    for (const id of slice.services) {
      const local = head.localService(id);
      if (local) this.compareService(draft, head, local);
    }
    for (const checkId of slice.checks) this.compareCheck(draft, head, checkId);
  }

  private compareService(draft: LocalDraft, head: StateReader, local: LocalServiceRow): void {
    const row = head.service(this.node.core.self.name, local.id);
    if (row && local.enableTagOverride && !sameTags(row.tags, local.tags))
      draft.putService({ ...local, tags: row.tags });
    else draft.touchService(local);
  }

  /** An output that waits for its time is left as it is. */
  private compareCheck(draft: LocalDraft, head: StateReader, checkId: string): void {
    const row = head.check(this.node.core.self.name, checkId);
    const live = this.node.checks.outcome(checkId);
    const waits = row && live && row.status === live.status && this.node.outputs.isPending(checkId);
    draft.touchCheck(checkId, waits ? { status: live.status, output: row.output } : undefined);
  }
}

interface Slice {
  readonly services: readonly string[];
  readonly checks: readonly string[];
  readonly isLater: boolean;
}

function* slices(services: readonly string[], checks: readonly string[]): Iterable<Slice> {
  const end = Math.max(services.length, checks.length);
  for (let at = 0; at < end; at += SLICE) {
    yield { services: services.slice(at, at + SLICE), checks: checks.slice(at, at + SLICE), isLater: at > 0 };
  }
}

/** Rows that somebody else wrote under our node's name. Those of another agent that lives are not ours to remove. */
function removeUnexplained(draft: LocalDraft, head: StateReader, { self, owners }: Core): void {
  for (const row of head.servicesOf(self.name)) {
    if (row.id === CONSUL_SERVICE || head.localService(row.id) || owners.isLiveOther(row)) continue;
    draft.removeService(row.id);
  }
  for (const row of head.checksOf(self.name)) {
    if (row.checkId === SERF_HEALTH || head.localCheck(row.checkId) || owners.isLiveOther(row)) continue;
    draft.removeCheck(row.checkId);
  }
}

function sameTags(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((tag, at) => tag === b[at]);
}
