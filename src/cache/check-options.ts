import { invalid } from '../model/index.js';
import type { Violation } from '../model/index.js';

/**
 * Refuses numbers outside their bounds, all of them in one error. A bound is `[least, most?]`; undefined values pass.
 *
 * @throws ServiceDiscoveryError INVALID_ARGUMENT
 */
export function checkNumbers(
  what: string,
  values: Readonly<Record<string, readonly [value: number | undefined, least: number, most?: number]>>,
): void {
  const violations = Object.entries(values).flatMap(([field, [value, least, most = Infinity]]): Violation[] => {
    if (value === undefined || (typeof value === 'number' && value >= least && value <= most)) return [];
    const rule = most === Infinity ? `a number of at least ${least}` : `a number from ${least} to ${most}`;
    return [{ field, rule: `${rule}, not ${String(value)}` }];
  });
  if (violations.length === 0) return;
  const rules = violations.map(({ field, rule }) => `${field} must be ${rule}`);
  throw invalid(`${what}: ${rules.join('; ')}`, violations);
}
