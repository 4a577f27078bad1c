import type { RowKind } from '../../model/index.js';
import { invalid } from '../../model/index.js';
import { STATE_VERSION } from './state-lines.js';

/** What an archive says about itself. */
export interface SnapshotMeta {
  readonly index: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly datacenter: string;
  readonly node: string;
  readonly counts: Readonly<Partial<Record<RowKind, number>>>;
  /** Of `state.bin`. */
  readonly sizeBytes: number;
}

/** `meta.json`, with the names of Consul's where they mean the same. */
export function encodeMeta(meta: SnapshotMeta): string {
  const { index, createdAt, datacenter, node, counts, sizeBytes } = meta;
  const body = {
    Version: STATE_VERSION,
    ID: `${index}-${createdAt}`,
    Index: index,
    CreatedAt: new Date(createdAt).toISOString(),
    Datacenter: datacenter,
    Node: node,
    Counts: counts,
    Size: sizeBytes,
  };
  return `${JSON.stringify(body, undefined, 2)}\n`;
}

export function decodeMeta(text: string): SnapshotMeta {
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(text) as typeof body;
    const meta = {
      index: body['Index'] as number,
      createdAt: Date.parse(String(body['CreatedAt'])),
      datacenter: String(body['Datacenter']),
      node: String(body['Node']),
      counts: body['Counts'] as SnapshotMeta['counts'],
      sizeBytes: body['Size'] as number,
    };
    if (Number.isSafeInteger(meta.index) && !Number.isNaN(meta.createdAt)) return meta;
  } catch {
    // Told below.
  }
  throw invalid('the snapshot’s meta.json is not of this agent');
}
