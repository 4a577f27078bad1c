import { createSocket } from 'node:dgram';
import type { LookupAddress } from 'node:dns';
import type { CheckDefinition, CheckResult, CheckRunner } from '../model/index.js';
import { onAbort } from '../runtime/index.js';
import type { Dialer } from './dialer.js';
import { dialFailure, timedOut } from './failure.js';
import { parseTarget } from './target.js';

/**
 * Sends one empty datagram. An answer is passing and so is silence until the timeout, for most UDP services do not
 * answer what they do not understand; only a refusal (ICMP port unreachable) or an unreachable address is critical.
 */
export function udpRunner(dialer: Dialer): CheckRunner {
  return {
    async run(check, signal) {
      try {
        const { host, port } = parseTarget(check.target);
        return await firstOpen(check, await dialer.resolve(host, signal), port, signal);
      } catch (error) {
        return { status: 'critical', output: dialFailure('udp', check.target, error, signal) };
      }
    },
  };
}

/** A name such as localhost may stand for two families of which one is served: refused at one, the next is tried. */
async function firstOpen(
  check: CheckDefinition,
  addresses: readonly LookupAddress[],
  port: number,
  signal: AbortSignal,
): Promise<CheckResult> {
  let failure: unknown;
  for (const address of addresses) {
    try {
      await answerOrSilence(address, port, signal);
      return { status: 'passing', output: `UDP connect ${check.target}: Success` };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function answerOrSilence({ address, family }: LookupAddress, port: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    let open = true;
    const finish = (error?: Error): void => {
      if (!open) return;
      open = false;
      ignore();
      socket.close();
      if (error) reject(error);
      else resolve();
    };
    const ignore = onAbort(signal, () => finish(timedOut(signal) ? undefined : (signal.reason as Error)));
    socket.on('error', finish);
    socket.once('message', () => finish());
    socket.connect(port, address, () => {
      if (open) socket.send('');
    });
  });
}
