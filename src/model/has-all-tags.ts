/** Tags compare in any case; an empty one is on nothing (docs/contract.md section 1.8). */
export function hasAllTags(tags: readonly string[], wanted: readonly string[]): boolean {
  if (wanted.length === 0) return true;
  const folded = new Set(tags.map((tag) => tag.toLowerCase()));
  return wanted.every((tag) => folded.has(tag.toLowerCase()));
}
