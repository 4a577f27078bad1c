import type { Socket } from 'node:net';
import { defaults } from '../../model/index.js';
import { pause, realClock } from '../../runtime/index.js';

interface Listening {
  on(event: 'connection', listener: (socket: Socket) => void): unknown;
}

/**
 * All connections of a server. Node's `closeAllConnections` forgets those that became something else, a WebSocket above
 * all, yet `close` waits for them, for ever when nobody ends them.
 */
export class Connections {
  private readonly open = new Set<Socket>();

  constructor(server: Listening) {
    server.on('connection', (socket) => {
      this.open.add(socket);
      socket.once('close', () => void this.open.delete(socket));
    });
  }

  /** Resolves with `closed`, the end of the server. What is open a moment later is cut. */
  async endWith(closed: Promise<void>): Promise<void> {
    const ended = new AbortController();
    const end = closed.finally(() => ended.abort());
    await Promise.race([end, pause(realClock, defaults.closeGraceMs, ended.signal)]);
    for (const socket of this.open) socket.destroy();
    await end;
  }
}
