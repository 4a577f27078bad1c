import { type HealthFlip, limits } from '../model/index.js';

/** The history with one more flip, the oldest dropped beyond the bound. */
export function withFlip(
  history: readonly HealthFlip[],
  flip: HealthFlip,
  most: number = limits.checkHistory,
): readonly HealthFlip[] {
  return [...history, flip].slice(-most);
}
