/**
 * How long a server takes (RFC 6298 section 2): smoothed time 7/8 old + 1/8 sample, variation 3/4 old + 1/4 deviation.
 * Every question has an id of its own, so no sample is ambiguous.
 */
export interface RoundTrip {
  readonly smoothedMs: number;
  readonly variationMs: number;
}

export function withSample(known: RoundTrip | undefined, sampleMs: number): RoundTrip {
  if (!known) return { smoothedMs: sampleMs, variationMs: sampleMs / 2 };
  const deviation = Math.abs(known.smoothedMs - sampleMs);
  return {
    smoothedMs: known.smoothedMs + (sampleMs - known.smoothedMs) / 8,
    variationMs: known.variationMs + (deviation - known.variationMs) / 4,
  };
}

/** Silence that is out of the ordinary, before any bounds. */
export function patienceOf({ smoothedMs, variationMs }: RoundTrip): number {
  return smoothedMs + 4 * variationMs;
}
