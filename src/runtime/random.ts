/** Randomness. One method; everything else is derived from it, so a seed decides all. */
export interface Random {
  /** [0, 1) */
  next(): number;
}

export const realRandom: Random = { next: () => Math.random() };

/** Fisher–Yates on a copy. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random.next() * (i + 1));
    [out[i], out[j]] = [out[j] as T, out[i] as T];
  }
  return out;
}
