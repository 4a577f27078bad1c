const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const WHOLE = /^([+-]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;

/** Go counts nanoseconds in 64 bits: 292 years. */
export const LONGEST_MS = 2 ** 63 / 1e6;

/** Go's duration grammar ("1h15m30.918s", "-1.5h", "0"): milliseconds, or undefined when it is not one. */
export function parseDuration(text: string): number | undefined {
  if (text === '0' || text === '+0' || text === '-0') return 0;
  const whole = WHOLE.exec(text);
  if (!whole) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(PART)) ms += Number(amount) * (UNIT_MS[unit as string] as number);
  if (ms > LONGEST_MS) return undefined;
  return whole[1] === '-' ? -ms : ms;
}

/** Go's `Duration.String()`: "1m30s", "500ms", "0s", "1h0m0s". */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  const sign = ms < 0 ? '-' : '';
  const abs = Math.abs(ms);
  if (abs < 1e-3) return `${sign}${round(abs * 1e6)}ns`;
  if (abs < 1) return `${sign}${round(abs * 1e3)}µs`;
  if (abs < 1000) return `${sign}${round(abs)}ms`;
  const hours = Math.floor(abs / 3_600_000);
  const minutes = Math.floor((abs % 3_600_000) / 60_000);
  const seconds = round((abs % 60_000) / 1000);
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`;
  if (minutes > 0) return `${sign}${minutes}m${seconds}s`;
  return `${sign}${seconds}s`;
}

/** At most nanoseconds, no trailing zeros, no exponent. */
function round(value: number): string {
  return String(Number(value.toFixed(9)));
}
