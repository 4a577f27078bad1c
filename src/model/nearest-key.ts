import { distance } from 'fastest-levenshtein';

/** The known name a misspelt one most likely meant, or undefined when none is near enough to be a guess worth making. */
export function nearestKey(name: string, known: Iterable<string>): string | undefined {
  const folded = fold(name);
  let best: string | undefined;
  let bestDistance = 1 + Math.max(1, Math.floor(folded.length / 3));
  for (const candidate of known) {
    const d = distance(folded, fold(candidate));
    if (d < bestDistance) {
      best = candidate;
      bestDistance = d;
    }
  }
  return best;
}

/** camelCase, kebab-case and snake_case spellings of one key are the same mistake. */
function fold(name: string): string {
  return name.replaceAll(/[-_]/g, '').toLowerCase();
}
