import type { CheckRunner } from '../model/index.js';
import type { Dialer } from './dialer.js';
import { dialFailure } from './failure.js';
import { parseTarget } from './target.js';

/** Passing when the port takes a connection, and a TLS handshake where the check asks for one. */
export function tcpRunner(dialer: Dialer): CheckRunner {
  return {
    async run(check, signal) {
      try {
        const socket = await dialer.connect(parseTarget(check.target), check, signal);
        socket.destroy();
        return { status: 'passing', output: `TCP connect ${check.target}: Success` };
      } catch (error) {
        return { status: 'critical', output: dialFailure('tcp', check.target, error, signal) };
      }
    },
  };
}
