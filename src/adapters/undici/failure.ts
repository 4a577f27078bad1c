import { codeOf } from '../is-timeout.js';

/** undici's errors that say something about the other side; all other errors of its own are about the request or the agent. */
const OTHER_SIDE = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_INFO',
]);

/** It would fail elsewhere as well: a request that cannot be sent, an agent that is closed, a caller who gave up. */
export function isCallersFault(error: Error): boolean {
  const code = codeOf(error);
  if (code.startsWith('UND_ERR_')) return !OTHER_SIDE.has(code);
  return error.name === 'AbortError' || error instanceof TypeError;
}
