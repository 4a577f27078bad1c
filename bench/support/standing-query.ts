/** A blocking query over a plain socket, asked again with the index of the last answer. An HTTP client would be slower. */
import { connect, type NetConnectOpts, type Socket } from 'node:net';

export interface StandingAnswer {
  /** `performance.now()` when the first byte came. */
  readonly at: number;
  readonly body: string;
}

export class StandingQuery {
  private index = '0';
  private held = Buffer.alloc(0);
  private firstAt: number | undefined;
  private answered: ((answer: StandingAnswer) => void) | undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly path: string,
  ) {
    socket.on('data', (piece) => this.take(piece));
    socket.on('error', () => {});
  }

  /** With the first answer already there. */
  static async open(to: NetConnectOpts, path: string): Promise<StandingQuery> {
    const socket = connect({ ...to, noDelay: true });
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const query = new StandingQuery(socket, path);
    await query.ask();
    return query;
  }

  /** Resolves with the next answer that the agent gives. One at a time. */
  ask(): Promise<StandingAnswer> {
    return new Promise((resolve) => {
      this.answered = resolve;
      const joint = this.path.includes('?') ? '&' : '?';
      this.socket.write(`GET ${this.path}${joint}index=${this.index}&wait=60s HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    });
  }

  private take(piece: Buffer): void {
    this.firstAt ??= performance.now();
    this.held = Buffer.concat([this.held, piece]);
    const end = this.held.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = this.held.toString('latin1', 0, end);
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? Number.NaN);
    if (!(this.held.length >= end + 4 + length)) return;
    const answer = { at: this.firstAt, body: this.held.toString('utf8', end + 4, end + 4 + length) };
    this.index = /^x-consul-index: (\d+)/im.exec(head)?.[1] ?? '0';
    this.held = Buffer.alloc(0);
    this.firstAt = undefined;
    this.answered?.(answer);
  }

  close(): void {
    this.socket.destroy();
  }
}
