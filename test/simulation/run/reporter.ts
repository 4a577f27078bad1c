import type { AppliedChange } from '../../../src/catalog/index.js';
import type { Change, Row, RowRef } from '../../../src/model/index.js';
import { refOf } from '../../../src/model/index.js';
import type { Merge, Notice } from '../../../src/sync/index.js';
import type { Send, SyncInput } from '../../../src/sync/step/types.js';
import type { Life } from '../agent/life.js';
import type { Outcome, Watcher } from '../agent/watcher.js';
import type { Command } from '../plan/scenario.js';
import type { World } from '../world/world.js';

/** Writes down what happens, for people and for the hash, and counts it. */
export class Reporter implements Watcher {
  constructor(private readonly world: World) {}

  started(life: Life): void {
    this.line(life, `starts, incarnation ${life.info.inc}, at ${life.machine.address}`);
  }

  ended(life: Life, how: 'crash' | 'stop' | 'leave'): void {
    this.line(life, `ends: ${how}`);
  }

  stepped(life: Life, input: SyncInput): void {
    if (input.type === 'connected') this.line(life, `is connected to ${this.name(input.peer.origin)}`);
    if (input.type === 'disconnected') this.line(life, `lost ${this.name(input.origin)}, ${input.evidence}`);
    if (input.type === 'dial-failed' && input.evidence === 'hard')
      this.line(life, `finds nobody where ${this.name(input.origin)} was`);
  }

  merged(life: Life, { target, durability, changes }: Merge, applied: readonly AppliedChange[]): void {
    if (changes.length === 0) return;
    this.world.tally.count(`rows merged, ${target.type}, ${durability}`, applied.length);
    const where = target.type === 'local' ? '' : ` into ${target.type}`;
    const documents = changes.flatMap((change) => documentOf(change) ?? []);
    if (this.world.trace.isShown)
      this.line(life, `merges${where}, ${durability}: ${[this.list(applied), ...documents].join(' ')}`);
  }

  committed(life: Life, applied: readonly AppliedChange[]): void {
    if (this.world.trace.isShown && applied.length > 0) this.line(life, `commits ${this.list(applied)}`);
  }

  withdrawn(life: Life, ref: RowRef): void {
    this.line(life, `withdraws ${refText(ref)}`);
  }

  sent(_life: Life, { message }: Send, bytes: Uint8Array): void {
    this.world.tally.count(`message ${message.type}`);
    this.world.tally.count('bytes sent', bytes.length);
  }

  noticed(life: Life, notice: Notice): void {
    const name = notice.type === 'member' ? `member ${notice.state}` : notice.type;
    this.world.tally.count(`notice ${name}`);
    this.line(life, this.words(notice));
  }

  answered(life: Life, command: Command, outcome: Outcome): void {
    this.world.tally.count(outcome.ok ? `done ${command.do}` : `refused ${command.do}: ${outcome.code}`);
    const result = outcome.ok ? JSON.stringify(outcome.value ?? 'done') : outcome.message;
    this.line(life, `answers ${command.do}: ${result}`);
  }

  private words(notice: Notice): string {
    switch (notice.type) {
      case 'member':
        return `holds ${this.name(notice.origin)} ${notice.state}: ${notice.evidence}`;
      case 'conflict':
        return `sees ${refText(notice.ref)} of ${this.name(notice.loser)} hidden by that of ${this.name(notice.winner)}`;
      case 'lost':
        return `lost ${refText(notice.ref)} to ${this.name(notice.winner)}${notice.yield ? ' and gives it up' : ''}`;
      case 'reclaim':
        return `claims ${refText(notice.ref)} back`;
      case 'reset':
        return `takes ${this.name(notice.stream)} anew: ${notice.reason}`;
      case 'protected':
        return notice.active ? `protects itself: ${notice.reason}` : 'protects itself no longer';
      case 'refused':
        return `refuses ${this.name(notice.origin)}: ${notice.reason}`;
      default:
        return `has no home: ${notice.problem}`;
    }
  }

  /** The node of an origin, with a mark for each agent that had the name before it. */
  private name(stream: string): string {
    return this.world.nameOf(stream);
  }

  private list(applied: readonly AppliedChange[]): string {
    return applied.map(({ before, after }) => this.change(before, after)).join(', ');
  }

  private change(before: Row | undefined, after: Row | undefined): string {
    const row = (after ?? before) as Row;
    const owner = 'origin' in row ? ` of ${this.name(row.origin)}` : '';
    const detail = after ? detailOf(after) : '';
    return `${after ? (before ? '~' : '+') : '-'}${refText(refOf(row))}${detail}${owner}`;
  }

  private line(life: Life, text: string): void {
    this.world.trace.line(this.world.queue.nowMs, `${this.name(life.origin)} ${text}`);
  }
}

function documentOf(change: Change): string | undefined {
  if (change.op === 'delete') return change.ref.kind === 'sync' ? `-${change.ref.id}` : undefined;
  return change.row.kind === 'sync' ? `(${change.row.id} ${JSON.stringify(change.row.body)})` : undefined;
}

function refText({ kind, node, id }: RowRef): string {
  return [kind, [node, id].filter((part) => part !== '').join('/')].join(' ');
}

function detailOf(row: Row): string {
  if (row.kind === 'check') return `=${row.status}`;
  if (row.kind === 'service') return `:${row.port}`;
  if (row.kind === 'kv') return row.session === '' ? '' : ' held';
  return '';
}
