import { type ClientHttp2Session, connect } from 'node:http2';
import type { CheckDefinition } from '../model/index.js';
import type { Dialer } from './dialer.js';
import { hostPort, type Target } from './target.js';

/** An HTTP/2 session over a connection of the dialer's, prior knowledge without TLS. The caller destroys it. */
export async function openHttp2(
  target: Target,
  check: CheckDefinition,
  dialer: Dialer,
  signal: AbortSignal,
): Promise<ClientHttp2Session> {
  const socket = await dialer.connect(target, check, signal, ['h2']);
  const session = connect(`${check.useTls ? 'https' : 'http'}://${hostPort(target)}`, {
    createConnection: () => socket,
  });
  // Whoever waits on the session hears of its end; this listener only keeps the error from ending the process.
  session.on('error', () => {});
  return session;
}
