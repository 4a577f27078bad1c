import type { CheckStatus } from '../../model/index.js';
import { invalid, isCheckStatus } from '../../model/index.js';

/** What a TTL check is told. */
export interface Said {
  readonly status: CheckStatus;
  readonly output: string;
}

/** What a `health` function returned. It is a program's: anything may come, and what is no report is critical. */
export function saidBy(report: unknown): Said {
  if (report === true) return { status: 'passing', output: '' };
  if (report === false) return { status: 'critical', output: 'health says no' };
  if (typeof report === 'string' && isCheckStatus(report)) return { status: report, output: '' };
  if (isObject(report) && typeof report.status === 'string' && isCheckStatus(report.status)) {
    return { status: report.status, output: typeof report.output === 'string' ? report.output : '' };
  }
  return {
    status: 'critical',
    output: "health must return true, false, 'passing', 'warning', 'critical' or { status, output }",
  };
}

export function saidByFailure(error: unknown): Said {
  const output = error instanceof Error ? error.message || error.name : String(error);
  return { status: 'critical', output };
}

/** Throws INVALID_ARGUMENT naming what an owner's report breaks. */
export function checkReport(status: unknown, output: unknown): void {
  if (typeof status !== 'string' || !isCheckStatus(status))
    throw refused('status', 'must be passing, warning or critical');
  if (typeof output !== 'string') throw refused('output', 'must be a text');
}

function refused(field: string, rule: string): Error {
  return invalid(`${field} ${rule}`, [{ field, rule }]);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
