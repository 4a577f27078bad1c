import { limits, ServiceDiscoveryError } from '../../model/index.js';

export interface InLine {
  /** It is your turn. */
  go(): void;
}

/** So many at once, the others in line in the order they came. */
export class Turns {
  private taken = 0;
  private readonly waiting = new Set<InLine>();

  constructor(
    private readonly most: number,
    private readonly mostWaiting: number,
  ) {}

  /** True: it is your turn. False: you are in line, and told when it is. Throws RATE_LIMITED when the line is full. */
  take(mine: InLine): boolean {
    if (this.taken < this.most) {
      this.taken++;
      return true;
    }
    if (this.waiting.size >= this.mostWaiting) {
      throw new ServiceDiscoveryError(
        'RATE_LIMITED',
        `${this.most} DNS questions are under way and ${this.mostWaiting} wait`,
        {
          details: { hint: 'Ask fewer names at once.' },
        },
      );
    }
    this.waiting.add(mine);
    return false;
  }

  /** Out of the line. */
  leave(mine: InLine): void {
    this.waiting.delete(mine);
  }

  giveBack(): void {
    const [next] = this.waiting;
    if (!next) {
      this.taken--;
      return;
    }
    this.waiting.delete(next);
    next.go();
  }
}

export function clientTurns(): Turns {
  return new Turns(limits.dnsClientQueries, limits.dnsClientWaiting);
}
