import { invalid, type Violation } from '../model/index.js';

/** Throws INVALID_ARGUMENT naming every field that breaks a rule. */
export function refuse(what: string, violations: readonly Violation[]): void {
  if (violations.length === 0) return;
  throw invalid(`${what}: ${violations.map(({ field, rule }) => `${field} must be ${rule}`).join('; ')}`, violations);
}

/** A violation unless the value is undefined or a finite number in [least, most]. */
export function* outside(
  field: string,
  value: number | undefined,
  least: number,
  most = Infinity,
  whole = false,
): Iterable<Violation> {
  if (value === undefined) return;
  if (Number.isFinite(value) && value >= least && value <= most && (!whole || Number.isInteger(value))) return;
  const range = most === Infinity ? `${least} or more` : `from ${least} to ${most}`;
  yield { field, rule: `a ${whole ? 'whole ' : ''}number ${range}` };
}
