import type { EjectionRecord } from './ejection-record.js';

/**
 * Outlier ejection by Envoy's rules and defaults: an endpoint that fails again and again, or clearly more often than the
 * others, gets no requests for a while, however well its health checks pass.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier
 */
export interface EjectionOptions {
  /** Failures without a success between them that eject. Default 5. A failed connect ejects at once. */
  readonly consecutiveFailures?: number;
  /** How often success rates are compared and repeat counts fall, in milliseconds. Default 10,000. */
  readonly intervalMs?: number;
  /** The first ejection lasts this long, the n-th n times as long, in milliseconds. Default 30,000. */
  readonly baseMs?: number;
  /** No ejection lasts longer, in milliseconds. Default 300,000. */
  readonly maxMs?: number;
  /** At most this share of all endpoints is ejected at a time, 0 to 1, and always at least one. Default 0.1. */
  readonly maxShare?: number;
  /** A success rate this many standard deviations below the mean ejects. Default 1.9. */
  readonly successRateDeviations?: number;
  /** Success rates are compared among at least this many endpoints. Default 5. */
  readonly successRateEndpoints?: number;
  /** An endpoint takes part with at least this many requests in the interval. Default 100. */
  readonly successRateRequests?: number;
}

export type EjectionRules = Required<EjectionOptions>;

export const ENVOY_EJECTION: EjectionRules = {
  consecutiveFailures: 5,
  intervalMs: 10_000,
  baseMs: 30_000,
  maxMs: 300_000,
  maxShare: 0.1,
  successRateDeviations: 1.9,
  successRateEndpoints: 5,
  successRateRequests: 100,
};

/** How many of that many may be ejected at a time. */
export function mostEjected(endpoints: number, rules: EjectionRules): number {
  return Math.max(1, Math.floor(endpoints * rules.maxShare));
}

export function ejectionMs(times: number, rules: EjectionRules): number {
  return Math.min(rules.baseMs * times, Math.max(rules.maxMs, rules.baseMs));
}

/** Counts an outcome; the cause when it is one to eject for. */
export function causeToEject(
  record: EjectionRecord,
  ok: boolean,
  connectFailed: boolean,
  rules: EjectionRules,
): string | undefined {
  record.requests++;
  if (ok) {
    record.successes++;
    record.failuresInARow = 0;
    record.onProbation = false;
    return undefined;
  }
  record.failuresInARow++;
  if (connectFailed) return 'nobody answered a connect';
  if (record.failuresInARow < rules.consecutiveFailures) return undefined;
  if (record.onProbation) return 'failed again after its ejection';
  return `${record.failuresInARow} failures in a row`;
}

/** Ejects; returns for how many milliseconds. */
export function eject(record: EjectionRecord, cause: string, nowMs: number, rules: EjectionRules): number {
  record.times++;
  const forMs = ejectionMs(record.times, rules);
  record.untilMs = nowMs + forMs;
  record.cause = cause;
  record.failuresInARow = 0;
  record.onProbation = false;
  return forMs;
}

/**
 * Gives it back, on probation: the next failure ejects again unless a success comes first. Envoy asks for as many
 * failures as the first time; we see no reason to sacrifice them on an endpoint that has not answered once since.
 */
export function restore(record: EjectionRecord, rules: EjectionRules): void {
  record.untilMs = undefined;
  record.onProbation = true;
  record.failuresInARow = rules.consecutiveFailures - 1;
}

/** Below this success rate an endpoint is an outlier; undefined when there is too little to go by. */
export function successRateFloor(rates: readonly number[], rules: EjectionRules): number | undefined {
  if (rates.length < rules.successRateEndpoints || rates.length === 0) return undefined;
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const variance = rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length;
  return mean - rules.successRateDeviations * Math.sqrt(variance);
}

/** Ends the interval of all records: which of them are outliers by success rate, worst first, with the cause. */
export function endInterval<T extends { readonly ejection: EjectionRecord }>(
  members: readonly T[],
  rules: EjectionRules,
): { readonly member: T; readonly cause: string }[] {
  const judged = members.filter(({ ejection }) => ejection.requests >= Math.max(1, rules.successRateRequests));
  const rateOf = ({ ejection }: T): number => ejection.successes / ejection.requests;
  const floor = successRateFloor(judged.map(rateOf), rules) ?? -1;
  const outliers = judged
    .filter((member) => member.ejection.untilMs === undefined && rateOf(member) < floor)
    .map((member) => ({ member, rate: rateOf(member) }))
    .toSorted((a, b) => a.rate - b.rate)
    .map(({ member, rate }) => ({ member, cause: `success rate ${percent(rate)} below ${percent(floor)}` }));
  for (const { ejection } of members) {
    ejection.requests = 0;
    ejection.successes = 0;
    if (ejection.untilMs === undefined && ejection.times > 0) ejection.times--;
  }
  return outliers;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
