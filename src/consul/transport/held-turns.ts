import { defaults } from '../../model/index.js';

/**
 * Who may be held on a connection. Every read that an agent holds takes a whole connection, and agents allow a client so
 * many of them. While there are enough, a read is held for as long as it likes; when they run short, reads take turns:
 * each is held for its share of a round, so that all of them come round in about `heldRoundMs` and a change is seen no
 * later than that. First come, first served.
 */
export class HeldTurns {
  #places: number;
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  constructor(places: number) {
    this.#places = places;
  }

  /** The agent turned out to allow more. */
  allow(places: number): void {
    this.#places = Math.max(this.#places, places);
    while (this.#taken < this.#places && this.#waiting.size > 0) this.#next();
  }

  /** The longest that a read which begins now should be held, ms. */
  get mostWaitMs(): number {
    const wanted = this.#taken + this.#waiting.size;
    if (wanted <= this.#places * ENOUGH) return Number.POSITIVE_INFINITY;
    return Math.max(defaults.heldShareMs, Math.floor((defaults.heldRoundMs * this.#places) / wanted));
  }

  /** Resolves, when it is its turn, with what gives the place back; rejects with the signal's reason. */
  enter(signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const take = (): void => {
        signal.removeEventListener('abort', onAbort);
        this.#taken += 1;
        resolve(() => this.#leave());
      };
      const onAbort = (): void => {
        this.#waiting.delete(take);
        reject(signal.reason as Error);
      };
      if (this.#taken < this.#places) return take();
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(take);
    });
  }

  #leave(): void {
    this.#taken -= 1;
    this.#next();
  }

  #next(): void {
    const [next] = this.#waiting;
    if (!next) return;
    this.#waiting.delete(next);
    next();
  }
}

/** The part of the places up to which nobody is hurried, so that newcomers find one. */
const ENOUGH = 0.75;
