/**
 * The catalog as slowly as possible: a list of rows by identity, every read recomputed from all of them. What the real
 * one is compared with. `fingerprints` says for each topic what its readers could see, so that a change is a difference.
 */
import { refKey, refOf, topic } from '../model/index.js';
import type { Change, CheckRow, KvRow, NodeRow, Row, RowKind, RowOf, ServiceRow, Topic } from '../model/index.js';

interface NaiveInstance {
  readonly node: NodeRow;
  readonly service: ServiceRow;
  readonly checks: readonly CheckRow[];
}

export class NaiveCatalog {
  readonly rows = new Map<string, Row>();

  apply(change: Change, index: number): void {
    if (change.op === 'delete') {
      this.rows.delete(refKey(change.ref));
      return;
    }
    const key = refKey(refOf(change.row));
    const createIndex = this.rows.get(key)?.createIndex ?? index;
    const indexes = change.keepIndexes ? {} : { createIndex, modifyIndex: index };
    this.rows.set(key, { ...change.row, ...indexes });
  }

  /** All that readers may see: documents of sync are not for them. */
  shown(): Row[] {
    return [...this.rows.values()].filter(({ kind }) => kind !== 'sync');
  }

  of<K extends RowKind>(kind: K): RowOf<K>[] {
    return [...this.rows.values()].filter((row): row is RowOf<K> => row.kind === kind);
  }

  instances(service: string): NaiveInstance[] {
    return this.of('service')
      .filter((row) => same(row.service, service))
      .flatMap((row) => {
        const node = this.of('node').find((other) => same(other.node, row.node));
        return node ? [{ node, service: row, checks: this.checksFor(row) }] : [];
      })
      .sort((a, b) => order(a.node.node.toLowerCase(), b.node.node.toLowerCase()) || order(a.service.id, b.service.id));
  }

  checksOn(node: string): CheckRow[] {
    return this.of('check')
      .filter((row) => same(row.node, node))
      .sort(byCheckId);
  }

  servicesOn(node: string): ServiceRow[] {
    return this.of('service')
      .filter((row) => same(row.node, node))
      .sort((a, b) => order(a.id, b.id));
  }

  node(name: string): NodeRow | undefined {
    return this.of('node').find((row) => same(row.node, name));
  }

  /** The first by name. */
  nodeByAddress(address: string): NodeRow | undefined {
    return this.of('node')
      .filter((row) => row.address === address)
      .sort((a, b) => order(a.node.toLowerCase(), b.node.toLowerCase()))[0];
  }

  serviceByAddress(address: string): ServiceRow | undefined {
    return this.of('service')
      .filter((row) => row.address === address)
      .sort((a, b) => order(a.node.toLowerCase(), b.node.toLowerCase()) || order(a.id, b.id))[0];
  }

  under(prefix: string): KvRow[] {
    return this.of('kv')
      .filter((row) => row.key.startsWith(prefix))
      .sort((a, b) => order(a.key, b.key));
  }

  /** What a reader of the topic could see, as text. */
  fingerprint(to: Topic): string {
    return show(this.visible(to));
  }

  private visible(to: Topic): unknown {
    const colon = to.indexOf(':');
    const name = to.slice(colon + 1);
    switch (colon < 0 ? to : to.slice(0, colon)) {
      case topic.nodes:
        return this.of('node');
      case topic.services:
        return this.of('service').map((row) => [row, this.node(row.node) !== undefined]);
      case topic.checks:
        return this.of('check');
      case topic.sessions:
        return this.of('session');
      case topic.queries:
        return this.of('query');
      case topic.events:
        return this.of('event');
      case topic.configs:
        return this.of('config');
      case 'node':
        return [this.node(name), this.servicesOn(name), this.checksOn(name)];
      case 'service':
        return this.instances(name);
      case 'key':
        return this.of('kv').filter((row) => row.key === name);
      case 'prefix':
        return this.under(name);
      case 'local':
        return [
          this.of('local-service').filter((row) => row.id === name),
          this.of('local-check')
            .filter((row) => row.serviceId === name)
            .map((row) => row.checkId)
            .sort(),
        ];
      default:
        return this.shown();
    }
  }

  private checksFor(service: ServiceRow): CheckRow[] {
    const all = this.checksOn(service.node);
    return [...all.filter((check) => check.serviceId === service.id), ...all.filter((check) => check.serviceId === '')];
  }
}

function byCheckId(a: CheckRow, b: CheckRow): number {
  return order(a.checkId, b.checkId);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item));
}
