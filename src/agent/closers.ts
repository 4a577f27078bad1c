/** What is to be closed, newest first: nobody loses what they stand on. */
export class Closers {
  private readonly steps: (() => Promise<void>)[] = [];
  private closing: Promise<void> | undefined;

  add(step: () => Promise<void>): void {
    this.steps.push(step);
  }

  /** Every step runs, whatever another one throws; the first failure is thrown at the end. Harmless twice. */
  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.steps.toReversed()) await step().catch((error: unknown) => void failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}
