const EVERY_MS = 10;
/** More waiting answers than this: the machine has no more to give, and the next ones are left out. */
const MOST_UNDER_WAY = 300;

/** Requests at a steady pace, whatever becomes of the earlier ones, until it is stopped. */
export class SteadyLoad {
  answered = 0;
  readonly failures: unknown[] = [];
  private underWay = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | undefined;
  private began = 0;
  private tookMs = 0;
  private owed = 0;

  constructor(
    private readonly wanted: number,
    private readonly ask: () => Promise<void>,
  ) {}

  get perSecond(): number {
    return Math.round((this.answered * 1000) / this.tookMs);
  }

  start(): void {
    this.began = performance.now();
    this.timer = setInterval(() => this.beat(), EVERY_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.underWay);
    if (this.began === 0) return;
    this.tookMs = performance.now() - this.began;
  }

  /** A late timer is made good, up to what the machine takes. */
  private beat(): void {
    const due = ((performance.now() - this.began) / 1000) * this.wanted;
    for (; this.owed < due; this.owed++) if (this.underWay.size < MOST_UNDER_WAY) this.one();
  }

  private one(): void {
    const asked: Promise<void> = this.ask()
      .then(
        () => void this.answered++,
        (error: unknown) => void this.failures.push(error instanceof Error ? (error.cause ?? error) : error),
      )
      .finally(() => this.underWay.delete(asked));
    this.underWay.add(asked);
  }
}
