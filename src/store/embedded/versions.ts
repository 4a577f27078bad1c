import type { Indexed } from '../../model/index.js';
import { indexesIn } from '../codec/index.js';
import type { Engine, Op } from './engine.js';
import { checksumOf } from './tally.js';

/** What the store needs to know of a record to replace it. */
export interface Version extends Indexed {
  readonly checksum: number;
}

interface Unwritten {
  /** The commit that left it so. */
  readonly index: number;
  /** Undefined: deleted. */
  readonly version: Version | undefined;
}

/**
 * The newest version of every record: of commits not written yet from memory, of all others from the engine; and what
 * volatile commits made of it, which counts for readers and not for what is written.
 */
export class Versions {
  private readonly unwritten = new Map<string, Unwritten>();
  /** Undefined: deleted. */
  private readonly volatile = new Map<string, Indexed | undefined>();

  constructor(private readonly engine: Pick<Engine, 'get'>) {}

  /** As readers see it. */
  seen(key: string): Indexed | undefined {
    return this.volatile.has(key) ? this.volatile.get(key) : this.written(key);
  }

  /** As it is on disk, or will be. */
  written(key: string): Version | undefined {
    const waiting = this.unwritten.get(key);
    if (waiting) return waiting.version;
    const text = this.engine.get(key);
    return text === undefined ? undefined : { ...indexesIn(text), checksum: checksumOf(key, text) };
  }

  set(key: string, index: number, version: Version | undefined): void {
    this.unwritten.set(key, { index, version });
    this.volatile.delete(key);
  }

  setVolatile(key: string, indexes: Indexed | undefined): void {
    this.volatile.set(key, indexes);
  }

  /** The commit of this index is in the engine: its records that no later commit changed can be read from there. */
  settle(ops: Iterable<Op>, index: number): void {
    for (const [key] of ops) {
      if (this.unwritten.get(key)?.index === index) this.unwritten.delete(key);
    }
  }
}
