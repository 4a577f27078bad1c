import type { Clock, Connection, ConnectionEvidence, ConnectionHandlers, NetworkAddress } from '../../runtime/index.js';
import { Pipe } from './pipe.js';
import type { PipeConditions } from './pipe.js';

const GRACE_MS = 1_000;

/** Both ends of a connection in memory. */
export class Link {
  readonly dialler: LinkEnd;
  readonly acceptor: LinkEnd;

  constructor(
    clock: Clock,
    readonly from: NetworkAddress,
    readonly to: NetworkAddress,
    conditions: (from: string, to: string) => PipeConditions,
    onOver: (link: Link) => void,
  ) {
    const over = (): void => {
      if (this.dialler.isOver && this.acceptor.isOver) onOver(this);
    };
    this.dialler = new LinkEnd(clock, to, conditions(from.host, to.host), over);
    this.acceptor = new LinkEnd(clock, from, conditions(to.host, from.host), over);
    this.dialler.meet(this.acceptor);
    this.acceptor.meet(this.dialler);
  }

  endsAt(host: string): readonly LinkEnd[] {
    const ends: LinkEnd[] = [];
    if (host === this.from.host) ends.push(this.dialler);
    if (host === this.to.host) ends.push(this.acceptor);
    return ends;
  }

  /** Conditions may have become better. */
  retry(): void {
    this.dialler.retry();
    this.acceptor.retry();
  }
}

export class LinkEnd implements Connection {
  isOver = false;
  private isClosing = false;
  private other!: LinkEnd;
  private readonly sending: Pipe;
  private handlers: ConnectionHandlers | undefined;
  private evidence: ConnectionEvidence = 'closed';
  private cancelGrace: () => void = () => {};

  constructor(
    private readonly clock: Clock,
    readonly remote: NetworkAddress,
    conditions: PipeConditions,
    private readonly onOver: () => void,
  ) {
    this.sending = new Pipe(conditions, {
      data: (bytes) => {
        // Whoever writes to a machine that knows nothing of the connection is told so.
        if (this.other.isOver) this.end('reset');
        else this.other.receive(bytes);
      },
      drained: () => {
        if (!this.isClosing) this.handlers?.drained();
      },
      finished: () => this.endBoth('closed'),
      lost: (evidence) => {
        // That nothing gets through is what only the sender finds out.
        if (evidence === 'reset') return this.endBoth(evidence);
        this.sending.stop();
        this.end(evidence);
      },
    });
  }

  meet(other: LinkEnd): void {
    this.other = other;
  }

  get waitingBytes(): number {
    return this.sending.waitingBytes;
  }

  start(handlers: ConnectionHandlers): void {
    this.handlers = handlers;
    if (this.isOver) return queueMicrotask(() => handlers.ended(this.evidence));
    this.other.sending.startReading();
  }

  write(bytes: Uint8Array): void {
    if (!this.isOver && !this.isClosing) this.sending.write(bytes.slice());
  }

  close(graceMs = GRACE_MS): void {
    if (this.isOver || this.isClosing) return;
    this.isClosing = true;
    this.cancelGrace = this.clock.after(graceMs, () => this.destroy());
    this.sending.finish();
    this.other.sending.startReading();
  }

  /** Also what happens to the connections of a process that is killed: its system closes them. */
  destroy(): void {
    if (this.isOver) return;
    this.sending.cutShort();
    this.end('closed');
  }

  /** This end is gone, and no word of it gets to the other. */
  vanish(): void {
    this.sending.stop();
    this.end('failed');
  }

  retry(): void {
    this.sending.retry();
  }

  private receive(bytes: Uint8Array): void {
    if (!this.isClosing) this.handlers?.data(bytes);
  }

  private endBoth(evidence: ConnectionEvidence): void {
    for (const end of [this, this.other]) {
      end.sending.stop();
      end.end(evidence);
    }
  }

  private end(evidence: ConnectionEvidence): void {
    if (this.isOver) return;
    this.isOver = true;
    this.evidence = evidence;
    this.cancelGrace();
    // What still comes for it is thrown away, or answered.
    this.other.sending.startReading();
    this.onOver();
    const { handlers } = this;
    if (handlers) queueMicrotask(() => handlers.ended(evidence));
  }
}
