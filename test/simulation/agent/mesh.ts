/**
 * Connections of one agent, by the rules of the product's loop (sync/loop): dial whom the step wants, introduce oneself,
 * keep one connection to each peer, give up one that carries nothing, tell the step who came and went. The bytes of each
 * message are those of the product.
 */
import { defaults } from '../../../src/model/index.js';
import type { ConnectionEvidence } from '../../../src/runtime/index.js';
import type { Refusal } from '../../../src/sync/connection/types.js';
import { priorities } from '../../../src/sync/index.js';
import type { MemberInfo, Message, Origin, Priority } from '../../../src/sync/index.js';
import { decodeMessage, encodeMessage } from '../../../src/sync/wire/message.js';
import type { MemberView } from '../../../src/sync/step/parts.js';
import type { ConnectionEnd, Frame, Holder } from '../world/connection.js';
import type { Timer } from '../world/event-queue.js';
import { Dials } from './dials.js';
import type { Environment } from './environment.js';

/** What the mesh needs of the agent whose connections it keeps. */
export interface MeshOwner {
  readonly slot: number;
  readonly address: string;
  self(): MemberInfo;
  /** All that are known. */
  members(): Iterable<MemberView>;
  wanted(): readonly MemberInfo[];
  /** Why not to let it in. */
  refusal(peer: MemberInfo): Refusal | undefined;
  /** The other side did not let us in: our name is another's. */
  refused(reason: string): void;
  connected(peer: MemberInfo): void;
  disconnected(origin: Origin, evidence: 'hard' | 'soft'): void;
  dialFailed(origin: Origin, evidence: 'hard' | 'soft'): void;
  message(from: Origin, message: Message): void;
  sent(to: Origin, message: Message, priority: Priority, bytes: Uint8Array): void;
}

interface Link {
  readonly end: ConnectionEnd;
  readonly peer: MemberInfo;
  readonly sinceMs: number;
  sentMs: number;
  receivedMs: number;
}

/** Whom a dial met, or why it met nobody; `code` of one who did not want to talk. */
export type Met =
  | { readonly type: 'peer'; readonly origin: Origin }
  | { readonly type: 'refused'; readonly code: string }
  | { readonly type: 'nobody'; readonly evidence: ConnectionEvidence };

/** An end on which the other side has not introduced itself yet. */
interface Introduction {
  readonly timer: Timer;
  readonly done: (outcome: Met) => void;
}

/** As in the product's loop: two connections within so long were made without knowing of each other. */
const RACE_MS = 8_000;
const LINGER_MS = 1_000;
const UNWANTED_MS = 10_000;
const DUPLICATE: Refusal = { code: 'duplicate', reason: 'there is a connection between the two already' };
const UNWANTED: Refusal = { code: 'unwanted', reason: 'the connection is not needed' };

export class Mesh implements Holder {
  readonly slot: number;
  private readonly links = new Map<Origin, Link>();
  /** Also of ends that are no links any more: what was sent on them before may still come. */
  private readonly peerOf = new Map<ConnectionEnd, MemberInfo>();
  private readonly introductions = new Map<ConnectionEnd, Introduction>();
  private readonly dials: Dials;
  /** What arrived while the process stood still, in order. */
  private inbox: (() => void)[] = [];
  private inboxBytes = 0;
  private isStill = false;
  private isClosed = false;

  constructor(
    private readonly owner: MeshOwner,
    private readonly environment: Environment,
  ) {
    this.slot = owner.slot;
    this.dials = new Dials(owner, environment, {
      isLinked: (origin) => this.links.has(origin),
      whenRunning: (happen) => this.whenRunning(happen, 0),
      reach: (address, done) => this.reach(address, done),
    });
  }

  get waitingBytes(): number {
    return this.inboxBytes;
  }

  isConnected(origin: Origin): boolean {
    return this.links.has(origin);
  }

  // ---- what the loop does

  /** After each tick. What we slept ourselves is nobody's silence. */
  upkeep(lagMs: number): void {
    const now = this.environment.queue.nowMs;
    for (const link of Array.from(this.links.values())) {
      link.receivedMs = Math.min(now, link.receivedMs + lagMs);
      if (now - link.receivedMs >= defaults.peerSilentMs * this.environment.tempo) this.giveUp(link);
      else if (now - link.sentMs >= defaults.peerPingMs * this.environment.tempo)
        this.send(link.peer.origin, { type: 'ping' }, 'control');
    }
    const wanted = this.owner.wanted();
    this.dials.reconcile(wanted);
    this.endUnwanted(new Set(wanted.map(({ origin }) => origin)));
  }

  send(to: Origin, message: Message, priority: Priority): void {
    const link = this.links.get(to);
    if (!link) return;
    link.sentMs = this.environment.queue.nowMs;
    const bytes = encodeMessage(message);
    this.owner.sent(to, message, priority, bytes);
    this.environment.network.send(link.end, {
      bytes,
      urgency: priorities.indexOf(priority),
      mayDrop: message.type === 'delta',
      mayWander: message.type !== 'call' && message.type !== 'answer' && message.type !== 'goodbye',
    });
  }

  /** Ends a connection because the step wants none. */
  refuse(origin: Origin, refusal: Refusal): void {
    const link = this.links.get(origin);
    if (link) this.part(link, refusal);
  }

  freeze(): void {
    this.isStill = true;
  }

  /** Everything that waited is handed over, in order. */
  thaw(): void {
    this.isStill = false;
    const waiting = this.inbox;
    this.inbox = [];
    this.inboxBytes = 0;
    for (const happen of waiting) if (!this.isClosed) happen();
    this.environment.network.reads(this);
  }

  close(how: 'crash' | 'power' | 'order'): void {
    this.isClosed = true;
    for (const { timer } of this.introductions.values()) timer.cancel();
    this.dials.close();
    if (how !== 'order') return this.environment.network.vanish(this, how === 'power');
    const ends = [...this.introductions.keys(), ...this.peerOf.keys()];
    for (const end of ends) this.closeEnd(end, { code: 'stopping', reason: 'the agent stops' });
  }

  // ---- what the network tells

  accept(end: ConnectionEnd): void {
    this.whenRunning(() => this.awaitHello(end, () => {}), 0);
  }

  received(end: ConnectionEnd, frame: Frame): void {
    this.whenRunning(() => this.take(end, frame), frame.bytes.length);
  }

  ended(end: ConnectionEnd, evidence: ConnectionEvidence): void {
    this.whenRunning(() => this.lost(end, evidence), 0);
  }

  private whenRunning(happen: () => void, bytes: number): void {
    if (this.isClosed) return;
    if (!this.isStill) return happen();
    this.inbox.push(happen);
    this.inboxBytes += bytes;
  }

  // ---- introductions: who dialed speaks first

  private reach(address: string, done: Introduction['done']): void {
    this.environment.network.dial(this, address, (result) =>
      this.whenRunning(() => {
        if (typeof result === 'string') return done({ type: 'nobody', evidence: result });
        this.sayHello(result);
        this.awaitHello(result, done);
      }, 0),
    );
  }

  private sayHello(end: ConnectionEnd): void {
    const hello: Message = { type: 'members', members: [this.owner.self()], answer: false };
    this.environment.network.send(end, { bytes: encodeMessage(hello), urgency: 0, mayDrop: false, mayWander: false });
  }

  private awaitHello(end: ConnectionEnd, done: Introduction['done']): void {
    const { queue, tempo } = this.environment;
    const timer = queue.after(defaults.peerHandshakeMs * tempo, () =>
      this.whenRunning(() => {
        if (!this.introductions.delete(end)) return;
        this.environment.network.close(end);
        done({ type: 'nobody', evidence: 'timeout' });
      }, 0),
    );
    this.introductions.set(end, { timer, done });
  }

  private take(end: ConnectionEnd, frame: Frame): void {
    const message = decodeMessage(frame.bytes);
    const introduction = this.introductions.get(end);
    if (introduction) return this.introduced(end, introduction, message);
    const peer = this.peerOf.get(end);
    if (!peer) return;
    const link = this.links.get(peer.origin);
    if (link) link.receivedMs = this.environment.queue.nowMs;
    this.environment.trace.bytes(this.environment.queue.nowMs, frame.bytes);
    this.owner.message(peer.origin, message);
  }

  private introduced(end: ConnectionEnd, { timer, done }: Introduction, message: Message): void {
    if (message.type !== 'members') return;
    const [peer] = message.members as readonly [MemberInfo];
    timer.cancel();
    this.introductions.delete(end);
    const refusal = this.owner.refusal(peer) ?? this.duplicate(peer, end);
    if (refusal) {
      this.closeEnd(end, refusal);
      return done({ type: 'refused', code: refusal.code });
    }
    if (!end.dialed) this.sayHello(end);
    this.adopt(end, peer);
    done({ type: 'peer', origin: peer.origin });
  }

  private duplicate(peer: MemberInfo, end: ConnectionEnd): Refusal | undefined {
    const link = this.links.get(peer.origin);
    return link && !this.replaces(link, peer, end) ? DUPLICATE : undefined;
  }

  private adopt(end: ConnectionEnd, peer: MemberInfo): void {
    const now = this.environment.queue.nowMs;
    const link: Link = { end, peer, sinceMs: now, sentMs: now, receivedMs: now };
    const former = this.links.get(peer.origin);
    this.peerOf.set(end, peer);
    if (former && this.isRace(former, peer)) {
      this.links.set(peer.origin, link);
      return this.linger(former.end);
    }
    // Its other end is a former life of that peer, or lost.
    if (former) this.giveUp(former);
    this.links.set(peer.origin, link);
    this.dials.met(peer.origin);
    this.environment.tally.count('connection made');
    this.owner.connected(peer);
    this.dials.reconcile(this.owner.wanted());
  }

  private isRace(former: Link, next: MemberInfo): boolean {
    return next.inc === former.peer.inc && this.environment.queue.nowMs - former.sinceMs <= RACE_MS;
  }

  /** Of two that were made at once the one dialed by the smaller origin stays; else the newer one. */
  private replaces(former: Link, peer: MemberInfo, end: ConnectionEnd): boolean {
    if (peer.inc !== former.peer.inc) return peer.inc > former.peer.inc;
    if (!this.isRace(former, peer) || former.end.dialed === end.dialed) return true;
    return end.dialed === this.owner.self().origin < peer.origin;
  }

  private linger(end: ConnectionEnd): void {
    this.environment.queue.after(LINGER_MS, () => this.whenRunning(() => this.closeEnd(end, DUPLICATE), 0));
  }

  // ---- ends

  private closeEnd(end: ConnectionEnd, refusal: Refusal): void {
    end.peer.refusal = refusal;
    this.environment.network.close(end);
  }

  /** Of our own will: no evidence of anything. */
  private part(link: Link, refusal: Refusal): void {
    this.links.delete(link.peer.origin);
    this.closeEnd(link.end, refusal);
    this.wasParted(link.peer, 'soft');
  }

  private giveUp(link: Link): void {
    this.links.delete(link.peer.origin);
    this.environment.network.close(link.end);
    this.wasParted(link.peer, 'soft');
  }

  private endUnwanted(wanted: ReadonlySet<Origin>): void {
    const { nowMs } = this.environment.queue;
    for (const link of Array.from(this.links.values())) {
      const isNeeded = !link.end.dialed || wanted.has(link.peer.origin);
      if (!isNeeded && nowMs - link.sinceMs > UNWANTED_MS * this.environment.tempo) this.part(link, UNWANTED);
    }
  }

  private lost(end: ConnectionEnd, evidence: ConnectionEvidence): void {
    const { refusal } = end;
    if (refusal) this.environment.tally.count(`refused: ${refusal.code}`);
    if (refusal?.code === 'name') this.owner.refused(refusal.reason);
    const introduction = this.introductions.get(end);
    if (introduction) {
      introduction.timer.cancel();
      this.introductions.delete(end);
      return introduction.done(refusal ? { type: 'refused', code: refusal.code } : { type: 'nobody', evidence });
    }
    const peer = this.peerOf.get(end);
    const link = peer && this.links.get(peer.origin);
    if (!link || link.end !== end) return;
    this.links.delete(peer.origin);
    this.environment.tally.count('connection lost');
    const isHard = refusal === undefined && (evidence === 'reset' || evidence === 'closed');
    this.wasParted(peer, isHard ? 'hard' : 'soft');
  }

  private wasParted(peer: MemberInfo, evidence: 'hard' | 'soft'): void {
    this.owner.disconnected(peer.origin, evidence);
    const wanted = this.owner.wanted().find(({ origin }) => origin === peer.origin);
    if (wanted && !this.isClosed) this.dials.lost(wanted);
  }
}
