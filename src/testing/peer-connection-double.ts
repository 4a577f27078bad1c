import type { MemberInfo, Message } from '../sync/index.js';
import type { PeerConnection, PeerEnd, PeerHandlers, PeerTraffic, Refusal } from '../sync/connection/types.js';

/** A connection between agents without a wire: a test says what arrives, and sees what was sent. */
export class PeerConnectionDouble implements PeerConnection {
  readonly protocol = 1;
  readonly remote = { host: '127.0.0.1', port: 1 };
  readonly sent: string[] = [];
  closedWith: Refusal | undefined;
  isDestroyed = false;
  queuedBytes = 0;
  private handlers: PeerHandlers | undefined;

  constructor(
    readonly peer: MemberInfo,
    readonly role: 'dialer' | 'acceptor' = 'dialer',
  ) {}

  start(handlers: PeerHandlers): void {
    this.handlers = handlers;
  }

  send(message: Message): boolean {
    this.sent.push(message.type);
    return true;
  }

  close(refusal?: Refusal): void {
    this.closedWith ??= refusal;
  }

  destroy(): void {
    this.isDestroyed = true;
  }

  receive(message: Message): void {
    this.handlers?.message(message);
  }

  end(end: PeerEnd): void {
    this.handlers?.ended(end);
  }

  report(): PeerTraffic {
    return {
      sentBytes: this.sent.length,
      receivedBytes: 0,
      queuedBytes: this.queuedBytes,
      droppedFrames: 0,
      compression: 'off',
      encrypted: false,
      sentFrames: this.sent.length,
      receivedFrames: 0,
      sentPlainBytes: 0,
      receivedPlainBytes: 0,
      malformedMessages: 0,
      unknownMessages: 0,
    };
  }
}
