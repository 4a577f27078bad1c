import type { IncomingMessage } from 'node:http';
import { limits, ServiceDiscoveryError } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';
import { refusal } from './errors.js';

/**
 * The body of a request, bounded in size and in time: a length that is announced is judged before a byte is read, a
 * chunked one while it comes. `tooLarge` words the refusal, since clients match on it.
 */
export function readBody(
  message: IncomingMessage,
  clock: Clock,
  maxBytes: number,
  tooLarge: (bytes: number) => string,
): Promise<Buffer> {
  const announced = Number(message.headers['content-length'] ?? 0);
  if (announced > maxBytes) return Promise.reject(refusal(413, tooLarge(announced), 'TOO_LARGE'));
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    const cancel = clock.after(limits.bodyTimeoutMs, () => fail(refusal(408, 'Request body timed out', 'TIMEOUT')));
    const fail = (error: Error): void => {
      cancel();
      message.removeAllListeners('data');
      message.pause();
      reject(error);
    };
    message.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > maxBytes) return fail(refusal(413, tooLarge(bytes), 'TOO_LARGE'));
      parts.push(part);
    });
    message.on('end', () => {
      cancel();
      resolve(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, bytes));
    });
    const gone = (): void => fail(new ServiceDiscoveryError('ABORTED', 'the client went away while sending'));
    message.on('error', gone);
    message.on('close', () => {
      if (!message.complete) gone();
    });
  });
}

export function bodyTooLarge(maxBytes: number, option = ''): (bytes: number) => string {
  const see = option === '' ? '' : ` See https://developer.hashicorp.com/docs/agent/config/config-files#${option}.`;
  return (bytes) => `Request body(${bytes} bytes) too large, max size: ${maxBytes} bytes.${see}`;
}
