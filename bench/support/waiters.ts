/**
 * Many blocking queries at once over plain sockets: an HTTP client library would be slower than the server it measures.
 * Each socket keeps its connection and is asked again for the next round.
 */
import { connect, type Socket } from 'node:net';

export class Waiters {
  private constructor(private readonly sockets: readonly Socket[]) {}

  static async open(port: number, count: number): Promise<Waiters> {
    const sockets = Array.from({ length: count }, () => connect({ port, host: '127.0.0.1', noDelay: true }));
    await Promise.all(
      sockets.map((socket) => new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))),
    );
    return new Waiters(sockets);
  }

  /** Sends the query on every socket; each promise resolves with the moment the first byte of its answer arrived. */
  ask(path: string): Promise<number>[] {
    const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    return this.sockets.map(
      (socket) =>
        new Promise<number>((resolve) => {
          socket.once('data', () => resolve(performance.now()));
          socket.write(request);
        }),
    );
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}
