import type { Clock } from '../../runtime/index.js';
import type { PeerConnection, PeerEnd, Refusal } from '../connection/types.js';
import type { MemberInfo, Message, Origin, Priority } from '../messages.js';

/** The connection to a peer, as the loop uses it. */
export interface Link {
  readonly connection: PeerConnection;
  readonly sinceMs: number;
  sentMs: number;
  receivedMs: number;
}

export interface LinksOptions {
  readonly self: Origin;
  readonly clock: Clock;
  readonly connected: (peer: MemberInfo) => void;
  readonly message: (from: Origin, message: Message) => void;
  /** Not told of a connection that another one to the same peer has replaced. */
  readonly ended: (connection: PeerConnection, end: PeerEnd) => void;
  /** Told of every connection, once. */
  readonly over: (connection: PeerConnection) => void;
}

/** How long a connection that was replaced still brings what was sent on it before. */
const LINGER_MS = 1_000;
/** A dial and an introduction that began before there was a connection are over after so long. */
const RACE_MS = 8_000;

/**
 * One connection to each peer. Two agents that dial each other at once have two for a moment: both keep the one that the
 * agent with the smaller origin dialled, since both must keep the same.
 */
export class Links {
  private readonly links = new Map<Origin, Link>();
  private readonly lingering = new Set<PeerConnection>();

  constructor(private readonly options: LinksOptions) {}

  get(origin: Origin): Link | undefined {
    return this.links.get(origin);
  }

  all(): Iterable<Link> {
    return this.links.values();
  }

  get size(): number {
    return this.links.size;
  }

  /**
   * Why another connection to that peer would be one too many. Not when its end of the first one seems to be lost: who
   * has a connection does not dial.
   */
  duplicate(peer: MemberInfo, role: PeerConnection['role']): Refusal | undefined {
    const link = this.links.get(peer.origin);
    if (!link || this.replaces(link, { peer, role })) return undefined;
    return { code: 'duplicate', reason: 'there is a connection between the two already' };
  }

  /** Takes a connection over, in the turn in which it is there. */
  adopt(connection: PeerConnection): void {
    const now = this.options.clock.now();
    const link: Link = { connection, sinceMs: now, sentMs: now, receivedMs: now };
    const former = this.links.get(connection.peer.origin);
    if (former && !this.replaces(former, connection)) {
      connection.start(this.handlersOf(link));
      this.linger(connection);
    } else if (former && this.isRace(former, connection)) {
      this.links.set(connection.peer.origin, link);
      connection.start(this.handlersOf(link));
      this.linger(former.connection);
    } else {
      if (former) this.lose(former);
      this.links.set(connection.peer.origin, link);
      this.options.connected(connection.peer);
      connection.start(this.handlersOf(link));
    }
  }

  /** Ends the connection to a peer as one that carries nothing any more. */
  giveUp(link: Link): void {
    link.connection.destroy();
    this.ended(link, { evidence: 'timeout', by: 'us' });
  }

  /** Says why, and ends them all; a connection that comes later is for its owner to refuse. */
  closeAll(refusal: Refusal): void {
    for (const { connection } of this.links.values()) connection.close(refusal);
    for (const connection of this.lingering) connection.close(refusal);
  }

  /** False when there is no connection to that agent, or the message was left out because too much waits. */
  send(to: Origin, message: Message, priority: Priority): boolean {
    const link = this.links.get(to);
    if (!link) return false;
    link.sentMs = this.options.clock.now();
    return link.connection.send(message, priority);
  }

  private handlersOf(link: Link): Parameters<PeerConnection['start']>[0] {
    const { origin } = link.connection.peer;
    return {
      message: (message) => {
        link.receivedMs = this.options.clock.now();
        this.options.message(origin, message);
      },
      ended: (end) => this.ended(link, end),
    };
  }

  private ended(link: Link, end: PeerEnd): void {
    const { connection } = link;
    const { origin } = connection.peer;
    if (this.lingering.delete(connection)) return this.options.over(connection);
    if (this.links.get(origin) !== link) return;
    this.links.delete(origin);
    this.options.over(connection);
    this.options.ended(connection, end);
  }

  /** Its other end is a former life of that peer, or lost. */
  private lose(former: Link): void {
    former.connection.destroy();
    this.ended(former, { evidence: 'closed', by: 'us' });
  }

  private linger(connection: PeerConnection): void {
    this.lingering.add(connection);
    this.options.clock.after(LINGER_MS, () => connection.close({ code: 'duplicate', reason: 'another one is used' }));
  }

  private isRace(former: Link, next: PeerConnection): boolean {
    const { inc } = former.connection.peer;
    return next.peer.inc === inc && this.options.clock.now() - former.sinceMs <= RACE_MS;
  }

  private replaces(former: Link, next: Pick<PeerConnection, 'peer' | 'role'>): boolean {
    if (next.peer.inc !== former.connection.peer.inc) return next.peer.inc > former.connection.peer.inc;
    if (this.options.clock.now() - former.sinceMs > RACE_MS) return true;
    const [was, is] = [this.diallerOf(former.connection), this.diallerOf(next)];
    return is <= was;
  }

  private diallerOf({ peer, role }: Pick<PeerConnection, 'peer' | 'role'>): Origin {
    return role === 'dialer' ? this.options.self : peer.origin;
  }
}
