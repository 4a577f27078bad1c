import type { ClientHttp2Session } from 'node:http2';
import type { CheckRunner } from '../model/index.js';
import { onAbort } from '../runtime/index.js';
import type { Dialer } from './dialer.js';
import { dialFailure, exchangeFailure, timedOut } from './failure.js';
import { openHttp2 } from './http2-session.js';
import { parseTarget } from './target.js';

/** Passing when an HTTP/2 PING is acknowledged (RFC 9113 section 6.7). */
export function h2pingRunner(dialer: Dialer): CheckRunner {
  return {
    async run(check, signal) {
      let session: ClientHttp2Session;
      try {
        session = await openHttp2(parseTarget(check.target), check, dialer, signal);
      } catch (error) {
        return { status: 'critical', output: `Failed to dial: ${dialFailure('tcp', check.target, error, signal)}` };
      }
      try {
        await ping(session, signal);
        return { status: 'passing', output: 'HTTP2 ping was successful' };
      } catch (error) {
        const reason = timedOut(signal) ? 'context deadline exceeded' : exchangeFailure(error);
        return { status: 'critical', output: `HTTP2 ping failed: ${reason}` };
      } finally {
        session.destroy();
      }
    },
  };
}

function ping(session: ClientHttp2Session, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    session.on('error', reject);
    session.once('close', () => reject(new Error('EOF')));
    const ignore = onAbort(signal, () => session.destroy(signal.reason as Error));
    if (session.destroyed) return reject(new Error('EOF'));
    // Called with an error when the session ends first.
    session.ping((error) => {
      ignore();
      if (error) reject(error);
      else resolve();
    });
  });
}
