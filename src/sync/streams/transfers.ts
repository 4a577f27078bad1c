/**
 * Streams that are being fetched, at most one transfer for each. The receiver drives: it asks from where it stands, is
 * sent a few pieces, asks again; a question without an answer is repeated, then given up, and a digest finds the next
 * peer. A stream that begins anew is staged and shown when it is whole.
 */
import { defaults, limits } from '../../model/index.js';
import type { DeltaMessage, Origin, Position, StreamId, SyncRecord, Want } from '../messages.js';
import { refKey } from '../../model/index.js';
import type { StepContext } from '../step/parts.js';
import type { Content } from './content.js';
import { contentOf } from './content.js';
import type { StreamCounters } from './counters.js';
import type { Base } from './stream.js';

export type ResetReason = 'behind' | 'incarnation' | 'corrupt';

export interface StagedRecord {
  readonly record: SyncRecord;
  readonly content: Content | undefined;
}

export interface Staging {
  readonly inc: number;
  /** Begun with nothing; otherwise it goes on from what is held. */
  readonly isAnew: boolean;
  /** How far it has got. */
  ver: number;
  end: number;
  gc: number;
  index: number;
  readonly records: Map<string, StagedRecord>;
}

export interface Transfer {
  readonly stream: StreamId;
  readonly from: Origin;
  /** Fetch it even though the position is ours already: the content differs. */
  readonly isForced: boolean;
  /** What the stream was at the beginning of the incarnation that is fetched, when its sender said so. */
  readonly base: (Base & { readonly inc: number }) | undefined;
  staging: Staging | undefined;
  /** Pieces still to come for the last question. */
  left: number;
  askedMs: number;
  waitMs: number;
  tries: number;
}

export interface Request {
  readonly stream: StreamId;
  readonly from: Origin;
  readonly isForced?: boolean;
  readonly base?: Base & { readonly inc: number };
}

export class Transfers {
  private readonly active = new Map<StreamId, Transfer>();
  private readonly waiting = new Map<StreamId, Request>();
  private readonly wants = new Map<Origin, Want[]>();

  constructor(
    private readonly counters: StreamCounters,
    /** What is held: from where to ask. */
    private readonly held: (stream: StreamId) => Position,
  ) {}

  of(stream: StreamId): Transfer | undefined {
    return this.active.get(stream);
  }

  /** Asks unless somebody is being asked already. */
  request(request: Request, nowMs: number): void {
    if (this.active.has(request.stream)) return;
    if (this.active.size >= limits.transfersAtOnce) {
      if (this.waiting.size < limits.peerStreams) this.waiting.set(request.stream, request);
      return;
    }
    this.ask(this.begin(request, nowMs), nowMs);
  }

  /** A stream comes in pieces that nobody asked for. */
  accept(request: Request, nowMs: number): Transfer | undefined {
    if (this.active.size >= limits.transfersAtOnce) return undefined;
    return this.begin(request, nowMs);
  }

  stage(transfer: Transfer, delta: DeltaMessage): void {
    const { inc, prev } = delta;
    const { staging } = transfer;
    if (!staging || prev === 0) {
      transfer.staging = { inc, isAnew: prev === 0, ver: prev, end: 0, gc: 0, index: 0, records: new Map() };
    }
    const stage = transfer.staging as Staging;
    for (const record of delta.records) {
      if (record.ver <= stage.ver) continue;
      const key = refKey(record.ref);
      const isContent = record.row !== undefined || record.hlc > 0;
      stage.records.delete(key);
      stage.records.set(key, {
        record,
        content: isContent ? contentOf(record.ref, record.hlc, record.row) : undefined,
      });
    }
    stage.ver = Math.max(stage.ver, delta.to);
    stage.end = delta.end;
    stage.gc = Math.max(stage.gc, delta.gc);
    stage.index = delta.index;
    if (stage.records.size > limits.streamRecords) this.end(transfer.stream);
  }

  /** One piece came and there are more. */
  goOn(transfer: Transfer, nowMs: number): void {
    transfer.tries = 0;
    transfer.waitMs = defaults.pullRetryMs;
    if (--transfer.left <= 0) this.ask(transfer, nowMs);
    else transfer.askedMs = nowMs;
  }

  end(stream: StreamId): void {
    this.active.delete(stream);
  }

  drop(stream: StreamId): void {
    this.active.delete(stream);
    this.waiting.delete(stream);
  }

  disconnected(peer: Origin): void {
    for (const { stream, from } of this.active.values()) if (from === peer) this.active.delete(stream);
    for (const [stream, { from }] of this.waiting) if (from === peer) this.waiting.delete(stream);
    this.wants.delete(peer);
  }

  tick(nowMs: number): void {
    for (const transfer of this.active.values()) {
      if (nowMs - transfer.askedMs < transfer.waitMs) continue;
      if (++transfer.tries > defaults.pullRetries) this.active.delete(transfer.stream);
      else {
        transfer.waitMs = Math.min(transfer.waitMs * 2, defaults.pullRetryCapMs);
        this.counters.pullsRepeated++;
        this.ask(transfer, nowMs);
      }
    }
  }

  /** What this step asks of whom; those who waited come first now. */
  flush({ now, out }: StepContext): void {
    for (const request of this.waiting.values()) {
      if (this.active.size >= limits.transfersAtOnce) break;
      this.waiting.delete(request.stream);
      this.request(request, now);
    }
    for (const [to, wants] of this.wants) {
      this.counters.pullsSent++;
      out.sends.push({ to, message: { type: 'pull', wants }, priority: 'control' });
    }
    this.wants.clear();
  }

  private begin({ stream, from, isForced = false, base }: Request, nowMs: number): Transfer {
    const left = limits.deltaWindow;
    const waitMs = defaults.pullRetryMs;
    const transfer = { stream, from, isForced, base, staging: undefined, left, askedMs: nowMs, waitMs, tries: 0 };
    this.active.set(stream, transfer);
    return transfer;
  }

  private ask(transfer: Transfer, nowMs: number): void {
    const { stream, from, staging, isForced } = transfer;
    const held = this.held(stream);
    let want: Want = { stream, inc: held.inc, ver: isForced ? 0 : held.ver, staged: false };
    if (staging) want = { stream, inc: staging.inc, ver: staging.ver, staged: staging.isAnew };
    const wants = this.wants.get(from);
    if (wants) wants.push(want);
    else this.wants.set(from, [want]);
    transfer.left = limits.deltaWindow;
    transfer.askedMs = nowMs;
  }
}
