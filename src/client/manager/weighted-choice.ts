import type { ServiceEndpoint } from '../../model/index.js';

/** `draw` in [0, 1). Weights of 0 only when there are no others. */
export function weightedChoice(endpoints: readonly ServiceEndpoint[], draw: number): ServiceEndpoint | undefined {
  const total = endpoints.reduce((sum, { weight }) => sum + weight, 0);
  if (total <= 0) return endpoints[Math.floor(draw * endpoints.length)];
  let left = draw * total;
  return endpoints.find(({ weight }) => (left -= weight) < 0) ?? endpoints.at(-1);
}
