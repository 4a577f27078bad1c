/** What one look found. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem';
  /** What was looked at: `DNS over UDP`. */
  readonly subject: string;
  readonly says: string;
  /** What to do; for warnings and problems. */
  readonly advice?: string;
}

export function ok(subject: string, says: string): Finding {
  return { level: 'ok', subject, says };
}

export function warning(subject: string, says: string, advice: string): Finding {
  return { level: 'warning', subject, says, advice };
}

export function problem(subject: string, says: string, advice: string): Finding {
  return { level: 'problem', subject, says, advice };
}

/** The message of whatever was thrown. */
export function why(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
