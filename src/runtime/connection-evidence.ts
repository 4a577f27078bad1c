import type { ConnectionEvidence } from './network.js';

const EVIDENCE: Readonly<Record<string, ConnectionEvidence>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
};

/**
 * What an error of the system says about the other end. Of a name with several addresses it is refused only when each
 * of them refused: one that could not be asked may be where it runs.
 */
export function evidenceOf(error: Error): ConnectionEvidence {
  if (error instanceof AggregateError) {
    const each = (error.errors as Error[]).map(evidenceOf);
    return each.find((evidence) => evidence !== 'refused') ?? each[0] ?? 'failed';
  }
  const { code } = error as NodeJS.ErrnoException;
  return (code !== undefined && EVIDENCE[code]) || 'failed';
}
