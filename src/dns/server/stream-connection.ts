/**
 * One client's TCP or TLS connection (RFC 7766): many questions, answered as they are ready, in any order. A client that
 * does not read its answers is not read from; one that is silent, or takes longer than the idle time for one whole
 * question, is cut off.
 */
import type { Socket } from 'node:net';
import { limits } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';
import { framed, Frames } from '../wire/frames.js';
import type { Client, Responder } from './responder.js';

export class StreamConnection {
  private readonly frames = new Frames();
  private activeAtMs: number;
  private underWay = 0;
  private hasEnded = false;
  private cancelIdle: () => void = () => {};

  static serve(
    socket: Socket,
    client: Client,
    responder: Responder,
    clock: Pick<Clock, 'now' | 'after'>,
  ): StreamConnection {
    return new StreamConnection(socket, client, responder, clock);
  }

  private constructor(
    private readonly socket: Socket,
    private readonly client: Client,
    private readonly responder: Responder,
    private readonly clock: Pick<Clock, 'now' | 'after'>,
  ) {
    this.activeAtMs = clock.now();
    socket.setNoDelay(true);
    socket.on('data', (piece: Buffer) => this.take(piece));
    socket.on('drain', () => this.goOn());
    // Half closed: what was asked is still answered.
    socket.on('end', () => {
      this.hasEnded = true;
      this.endIfDone();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.cancelIdle());
    this.watchIdle(limits.dnsTcpIdleMs);
  }

  private take(piece: Buffer): void {
    this.frames.push(piece);
    this.goOn();
  }

  private goOn(): void {
    const { socket } = this;
    socket.cork();
    while (!this.isBusy()) {
      const question = this.frames.next();
      if (!question) break;
      this.activeAtMs = this.clock.now();
      this.answer(question);
    }
    socket.uncork();
    if (this.isBusy()) socket.pause();
    else socket.resume();
    this.endIfDone();
  }

  private isBusy(): boolean {
    const { socket, underWay } = this;
    return socket.destroyed || underWay >= limits.dnsTcpPipelined || socket.writableLength > limits.dnsTcpBacklogBytes;
  }

  private answer(question: Buffer): void {
    const response = this.responder.respond(question, this.client);
    if (!(response instanceof Promise)) return this.send(response);
    this.underWay++;
    void response.then((later) => {
      this.underWay--;
      this.activeAtMs = this.clock.now();
      this.send(later);
      this.goOn();
    });
  }

  private send(response: Buffer | undefined): void {
    if (response && this.socket.writable) this.socket.write(framed(response));
  }

  private endIfDone(): void {
    if (this.hasEnded && this.underWay === 0 && !this.isBusy()) this.socket.end();
  }

  private watchIdle(afterMs: number): void {
    this.cancelIdle = this.clock.after(afterMs, () => {
      const leftMs = this.activeAtMs + limits.dnsTcpIdleMs - this.clock.now();
      if (leftMs <= 0 && this.underWay === 0) this.socket.destroy();
      else this.watchIdle(Math.max(leftMs, 1000));
    });
  }
}
