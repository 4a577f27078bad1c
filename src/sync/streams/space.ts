/**
 * The records of all streams that show in one catalog, by identity. Most identities have one holder; those with more are
 * `contested`, and only for them is anything else remembered.
 */
import type { Row, RowRef } from '../../model/index.js';
import { refKey } from '../../model/index.js';
import type { MergeTarget } from '../step/types.js';
import type { Content } from './content.js';
import type { Kept, Said } from './record.js';
import { SyncedRecord } from './record.js';
import type { Stream } from './stream.js';

export class Space {
  /** The first holder of each identity; the others follow as its rivals. */
  private readonly facts = new Map<string, SyncedRecord>();
  /** Identities to be decided anew before the step ends. */
  readonly unsettled = new Set<string>();
  readonly contested = new Set<string>();
  /** Checks by what they are of, kept while anything is contested. */
  private checks: Map<string, Set<SyncedRecord>> | undefined = undefined;

  constructor(
    readonly datacenter: string,
    public target: MergeTarget,
  ) {}

  find(key: string, stream: Stream): SyncedRecord | undefined {
    for (let record = this.facts.get(key); record; record = record.rival) if (record.stream === stream) return record;
    return undefined;
  }

  first(key: string): SyncedRecord | undefined {
    return this.facts.get(key);
  }

  *holders(key: string): Iterable<SyncedRecord> {
    for (let record = this.facts.get(key); record; record = record.rival) yield record;
  }

  say(stream: Stream, ref: RowRef, ver: number, said: Said, nowMs: number, content?: Content): SyncedRecord {
    const key = refKey(ref);
    const record = this.find(key, stream) ?? this.add(new SyncedRecord(stream, ref, key));
    this.forgetCheck(record);
    stream.say(record, ver, said, nowMs, content);
    this.noteCheck(record);
    record.isFresh = true;
    this.unsettled.add(key);
    return record;
  }

  /** What is there already, as it is kept. Only what is not simply shown remains to be decided. */
  restore(stream: Stream, ref: RowRef, ver: number, said: Said, kept: Kept, nowMs: number): SyncedRecord {
    const key = refKey(ref);
    const record = this.add(new SyncedRecord(stream, ref, key));
    stream.say(record, ver, said, nowMs);
    record.kept = kept;
    if (record.rival || kept !== 'row') this.unsettled.add(key);
    return record;
  }

  remove(record: SyncedRecord): void {
    this.forgetCheck(record);
    record.stream.remove(record);
    this.unlink(record);
    this.unsettled.add(record.key);
  }

  /** Whatever may be shown otherwise because an origin is there or not, or begins anew. */
  unsettleContested(): void {
    for (const key of this.contested) this.unsettled.add(key);
  }

  /** Checks that stand and fall with a node or a service; nobody's while nothing is contested. */
  checksOf(head: string): Iterable<SyncedRecord> {
    return this.checks?.get(head) ?? [];
  }

  contest(key: string, isContested: boolean): void {
    if (isContested) this.contested.add(key);
    else this.contested.delete(key);
    if (this.contested.size === 0) this.checks = undefined;
    else if (!this.checks) this.indexChecks();
  }

  private add(record: SyncedRecord): SyncedRecord {
    record.rival = this.facts.get(record.key);
    this.facts.set(record.key, record);
    return record;
  }

  private unlink(record: SyncedRecord): void {
    const first = this.facts.get(record.key);
    if (first === record) {
      if (record.rival) this.facts.set(record.key, record.rival);
      else this.facts.delete(record.key);
    } else {
      let before = first;
      while (before && before.rival !== record) before = before.rival;
      if (before) before.rival = record.rival;
    }
    record.rival = undefined;
  }

  private indexChecks(): void {
    this.checks = new Map();
    for (const key of this.facts.keys()) for (const record of this.holders(key)) this.noteCheck(record);
  }

  private noteCheck(record: SyncedRecord): void {
    if (!this.checks || record.row?.kind !== 'check') return;
    const head = headOf(record.row);
    const set = this.checks.get(head);
    if (set) set.add(record);
    else this.checks.set(head, new Set([record]));
  }

  private forgetCheck(record: SyncedRecord): void {
    if (!this.checks || record.row?.kind !== 'check') return;
    const head = headOf(record.row);
    const set = this.checks.get(head);
    set?.delete(record);
    if (set?.size === 0) this.checks.delete(head);
  }
}

/** What a check stands and falls with: its service, or its node. A node or service is its own head. */
export function headRefOf(row: Row & { readonly kind: 'check' }): RowRef {
  const node = row.node.toLowerCase();
  return row.serviceId === '' ? { kind: 'node', node, id: '' } : { kind: 'service', node, id: row.serviceId };
}

export function headOf(row: Row & { readonly kind: 'check' }): string {
  return refKey(headRefOf(row));
}
