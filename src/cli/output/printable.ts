/**
 * Names, outputs and values come from anybody. Control characters in them could move the cursor or retitle the
 * terminal, so they are shown as escapes. The few colour codes that `paint` writes pass; one that hides text does not.
 */
export function printable(text: string): string {
  return text.replace(
    // oxlint-disable-next-line no-control-regex
    /(\u001b\[(?:1|2|22|3[123569])m)|[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (char, colour?: string) => {
      if (colour !== undefined) return colour;
      return ESCAPES.get(char) ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
    },
  );
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);
