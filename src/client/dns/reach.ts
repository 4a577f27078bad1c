import { connect } from 'node:net';
import { ServiceDiscoveryError } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';

/** Resolves when somebody takes a connection there; rejects with why not. */
export type Reach = (address: string, port: number, timeoutMs: number, signal: AbortSignal) => Promise<void>;

/** A TCP connection, closed at once. It does not keep the process alive. */
export function tcpReach(clock: Clock): Reach {
  return (address, port, timeoutMs, signal) =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: address, port });
      const end = (error?: Error): void => {
        cancel();
        signal.removeEventListener('abort', onAbort);
        socket.destroy();
        if (error) reject(error);
        else resolve();
      };
      const onAbort = (): void => end(new ServiceDiscoveryError('ABORTED', 'health tracking has ended'));
      const cancel = clock.after(timeoutMs, () =>
        end(new ServiceDiscoveryError('TIMEOUT', `nobody took a connection within ${timeoutMs} ms`)),
      );
      socket.unref();
      socket.on('connect', () => end());
      socket.on('error', end);
      signal.addEventListener('abort', onAbort);
      if (signal.aborted) onAbort();
    });
}
