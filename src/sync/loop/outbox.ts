import { limits } from '../../model/index.js';
import type { Send } from '../step/types.js';

/**
 * Messages on their way to connections. While something that must not be forgotten is being written, everything said
 * later waits for it, in order: nobody may hear of an incarnation, or of anything at all by an agent that does not yet
 * remember having met others, before the disk has.
 */
export class Outbox {
  dropped = 0;
  private readonly waiting: Send[] = [];
  private holds = 0;
  private held: Promise<unknown> = Promise.resolve();

  constructor(private readonly send: (send: Send) => void) {}

  push(sends: readonly Send[]): void {
    if (this.holds === 0) {
      for (const one of sends) this.send(one);
      return;
    }
    for (const one of sends) this.hold(one);
  }

  /** Until `written` resolves. */
  holdFor(written: Promise<void>): void {
    this.holds++;
    this.held = Promise.all([this.held, written]);
    void written.then(() => {
      this.holds--;
      if (this.holds === 0) this.push(this.waiting.splice(0));
    });
  }

  /** For what is not said through here: resolves when it may be, at once as a rule. Never rejects. */
  async unheld(): Promise<void> {
    while (this.holds > 0) await this.held;
  }

  /** A lost delta is pulled again. A disk that stands still must not fill the memory. */
  private hold(one: Send): void {
    if (this.waiting.length >= limits.outboxMessages) {
      const at = this.waiting.findIndex(({ message }) => message.type === 'delta');
      this.dropped++;
      if (at < 0) return;
      this.waiting.splice(at, 1);
    }
    this.waiting.push(one);
  }
}
