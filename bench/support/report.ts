/** What a bench prints: one line a figure, with the bar it is held to and whether it is reached. */
export interface Figure {
  readonly what: string;
  readonly measured: string;
  /** The baseline of the same run, in words; '' when the figure is absolute. */
  readonly beside?: string;
  readonly bar?: string;
  readonly reached?: boolean;
}

export function report(figures: readonly Figure[]): void {
  for (const { what, measured, beside, bar, reached } of figures) {
    const verdict = reached === undefined ? '' : reached ? '  ✓' : '  ✗ missed';
    console.log(
      `${what.padEnd(46)} ${measured}${beside ? `  (beside: ${beside})` : ''}${bar ? `  bar: ${bar}` : ''}${verdict}`,
    );
  }
}

export const whole = (value: number): string => Math.round(value).toLocaleString('en');
