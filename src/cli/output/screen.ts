import type { Io } from '../io.js';

/**
 * A block of lines redrawn in place. Only what it wrote itself is replaced, so what stood above stays readable, and a
 * block taller than the terminal simply scrolls.
 */
export class Screen {
  private lines = 0;

  constructor(private readonly io: Io) {}

  show(text: string): void {
    const block = text.endsWith('\n') ? text : `${text}\n`;
    const up = this.lines === 0 ? '' : `\u001b[${this.lines}A\r`;
    this.io.out(`${up}\u001b[0J${block}`);
    this.lines = block.split('\n').length - 1;
  }

  /** Writes lines that stay, above the block; the block is drawn again by the next `show`. */
  above(text: string): void {
    const up = this.lines === 0 ? '' : `\u001b[${this.lines}A\r`;
    this.io.out(`${up}\u001b[0J${text.endsWith('\n') ? text : `${text}\n`}`);
    this.lines = 0;
  }
}
