/**
 * How a reader at another agent knows that its copy is as new as the home was when it asked: one question to the home
 * after the reader came. Readers that come while a question is under way share the next one; they cannot share that one,
 * which may have been answered before they came (the read index of Raft, section 6.4 of Ongaro's thesis, batched).
 */
export class FreshBarrier {
  private underWay: Promise<void> | undefined;
  private next: Promise<void> | undefined;

  constructor(private readonly ask: () => Promise<void>) {}

  pass(): Promise<void> {
    if (!this.underWay) return this.start();
    this.next ??= this.underWay.then(
      () => this.startNext(),
      () => this.startNext(),
    );
    return this.next;
  }

  private startNext(): Promise<void> {
    this.next = undefined;
    return this.start();
  }

  private start(): Promise<void> {
    const asked = this.ask();
    this.underWay = asked;
    const over = (): void => {
      if (this.underWay === asked) this.underWay = undefined;
    };
    asked.then(over, over);
    return asked;
  }
}
