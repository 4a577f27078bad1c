/** JSON text of an answer. Flags of keys are uint64, so bigints are written as numbers; `pretty` indents as Go does. */
export function toJson(value: unknown, pretty = false): string {
  if (pretty) return `${write(value, '\n')}\n`;
  try {
    return JSON.stringify(value);
  } catch (error) {
    // The only values of ours that JSON.stringify refuses are bigints, and those are rare enough to find out late.
    if (!(error instanceof TypeError)) throw error;
    return write(value, '');
  }
}

/** `gap` is the line break with its indent, or '' for compact text. */
function write(value: unknown, gap: string): string {
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const deeper = gap === '' ? '' : `${gap}    `;
  if (Array.isArray(value)) {
    return enclosed(
      '[',
      ']',
      value.map((item) => write(item ?? null, deeper)),
      gap,
      deeper,
    );
  }
  const separator = gap === '' ? ':' : ': ';
  const members = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => `${JSON.stringify(key)}${separator}${write(item, deeper)}`);
  return enclosed('{', '}', members, gap, deeper);
}

function enclosed(open: string, close: string, items: readonly string[], gap: string, deeper: string): string {
  if (items.length === 0) return open + close;
  return open + deeper + items.join(`,${deeper}`) + gap + close;
}
