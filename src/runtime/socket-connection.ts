import type { Socket } from 'node:net';
import { evidenceOf } from './connection-evidence.js';
import type { Connection, ConnectionEvidence, ConnectionHandlers, NetworkAddress } from './network.js';

const GRACE_MS = 1_000;

/** A connected socket, of whatever kind: nothing is read of it before `start`. */
export class SocketConnection implements Connection {
  readonly remote: NetworkAddress;
  private handlers: ConnectionHandlers | undefined;
  private evidence: ConnectionEvidence = 'closed';
  private state: 'open' | 'closing' | 'ended' = 'open';
  private grace: NodeJS.Timeout | undefined;

  constructor(private readonly socket: Socket) {
    this.remote = { host: plainHost(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 };
    socket.on('error', (error) => {
      if (this.state === 'open') this.evidence = evidenceOf(error);
    });
    socket.once('close', this.onClose);
  }

  get waitingBytes(): number {
    return this.socket.writableLength;
  }

  start(handlers: ConnectionHandlers): void {
    this.handlers = handlers;
    if (this.state === 'ended') return queueMicrotask(() => handlers.ended(this.evidence));
    this.socket.on('data', this.onData);
  }

  write(bytes: Uint8Array): void {
    if (this.state === 'open' && this.socket.writable) this.socket.write(bytes, this.onWritten);
  }

  close(graceMs = GRACE_MS): void {
    if (this.state !== 'open') return;
    this.state = 'closing';
    this.grace = setTimeout(() => this.socket.destroy(), graceMs);
    this.socket.end();
    // Its end is only seen by reading up to it.
    this.socket.resume();
  }

  destroy(): void {
    if (this.state === 'ended') return;
    this.state = 'closing';
    this.socket.destroy();
  }

  private readonly onData = (bytes: Uint8Array): void => {
    if (this.state === 'open') this.handlers?.data(bytes);
  };

  private readonly onWritten = (error?: Error | null): void => {
    if (!error && this.state === 'open' && this.socket.writableLength === 0) this.handlers?.drained();
  };

  private readonly onClose = (): void => {
    this.state = 'ended';
    clearTimeout(this.grace);
    this.handlers?.ended(this.evidence);
  };
}

/** An IPv4 peer of a socket that listens on both families is shown as what it is. */
function plainHost(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}
