import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { listenOnLoopback } from './loopback-server.js';

/** A TCP proxy on the loopback that can be taken away and put back on the same port. */
export interface CuttableProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** Ends all connections; new ones are refused. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  close(): Promise<void>;
}

/** In front of `host:port`. */
export async function cuttableProxy(target: string): Promise<CuttableProxy> {
  const at = target.lastIndexOf(':');
  const open = (): Server =>
    createServer((socket) => pipeTo(socket, target.slice(0, at), Number(target.slice(at + 1))));
  let listening = await listenOnLoopback(open());
  const { address, port } = listening;
  return {
    address,
    cut: () => listening.close(),
    mend: async () => {
      listening = await listenOnLoopback(open(), '127.0.0.1', port);
    },
    close: () => listening.close(),
    [Symbol.asyncDispose]: () => listening.close(),
  };
}

function pipeTo(socket: Socket, host: string, port: number): void {
  const other = connect(port, host);
  for (const [from, to] of [
    [socket, other],
    [other, socket],
  ] as const) {
    from.on('error', () => {});
    from.once('close', () => to.destroy());
    from.pipe(to);
  }
}
