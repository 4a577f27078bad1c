/**
 * Lists over all nodes, services and checks. Each is built when first asked for and shared by all readers until its
 * table's index moves, so a thousand woken waiters cost one build.
 */
import type { CheckRow, NodeRow } from '../../model/index.js';
import type { InstanceEntry, NodeEntry } from './entries.js';
import type { Topology } from './topology.js';
import { tagsOf, unionOfTags } from './views.js';

export type ServiceTags = ReadonlyMap<string, readonly string[]>;

/**
 * Only these are kept; any other word is looked for anew (docs/contract.md section 3.4: it matches nothing as a rule).
 */
const KEPT_STATES: readonly string[] = ['any', 'passing', 'warning', 'critical'];

export class Listings {
  private nodes: { index: number; value: readonly NodeRow[] } | undefined;
  private tags: { index: number; value: ServiceTags } | undefined;
  private readonly states = new Map<string, { index: number; value: readonly CheckRow[] }>();

  constructor(private readonly topology: Topology) {}

  /** By name. */
  allNodes(): readonly NodeRow[] {
    const index = this.topology.nodesIndex;
    if (this.nodes?.index !== index) {
      const rows = this.entries().flatMap((entry) => entry.row ?? []);
      this.nodes = { index, value: rows };
    }
    return this.nodes.value;
  }

  allTags(): ServiceTags {
    const index = this.topology.servicesIndex;
    if (this.tags?.index !== index) {
      const value = new Map<string, readonly string[]>();
      for (const service of this.topology.services.values()) value.set(service.name, tagsOf(service));
      this.tags = { index, value };
    }
    return this.tags.value;
  }

  tagsOn(accepts: (node: NodeRow) => boolean): ServiceTags {
    const value = new Map<string, readonly string[]>();
    const accepted = (instance: InstanceEntry): boolean => !!instance.node.row && accepts(instance.node.row);
    for (const service of this.topology.services.values()) {
      const instances = service.instances.filter(accepted);
      if (instances.length > 0) value.set(service.name, unionOfTags(instances));
    }
    return value;
  }

  /** By node, then check id. */
  checksInState(state: string): readonly CheckRow[] {
    const word = state.toLowerCase();
    const index = this.topology.checksIndex;
    const kept = this.states.get(word);
    if (kept?.index === index) return kept.value;
    const value = this.entries().flatMap((entry) => checksOf(entry, word));
    if (KEPT_STATES.includes(word)) this.states.set(word, { index, value });
    return value;
  }

  private entries(): NodeEntry[] {
    return [...this.topology.nodes.values()].sort((a, b) => compare(a.key, b.key));
  }
}

/** A node's checks, its instances' included, by check id. */
export function checksOf(entry: NodeEntry, word = 'any'): CheckRow[] {
  const all = [...entry.checks.values()];
  const matching = word === 'any' ? all : all.filter((check) => check.status.toLowerCase() === word);
  return matching.sort((a, b) => compare(a.checkId, b.checkId));
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
