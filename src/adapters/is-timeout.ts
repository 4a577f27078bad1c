const TIMEOUTS = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'TIMEOUT', 'ETIMEDOUT']);

/** Also of `AbortSignal.timeout()`, whose reason node:http gives as the cause. */
export function isTimeout(error: Error): boolean {
  return isOneItself(error) || (error.cause instanceof Error && isOneItself(error.cause));
}

function isOneItself(error: Error): boolean {
  return error.name === 'TimeoutError' || TIMEOUTS.has(codeOf(error));
}

export function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : '';
}
