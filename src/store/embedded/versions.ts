import { indexesIn } from '../codec/index.js';
import type { Engine, Op } from './engine.js';
import { checksumOf } from './tally.js';

/** What the store needs to know of a record to replace it. */
export interface Version {
  readonly createIndex: number;
  readonly modifyIndex: number;
  readonly checksum: number;
}

interface Unwritten {
  /** The commit that left it so. */
  readonly index: number;
  /** Undefined: deleted. */
  readonly version: Version | undefined;
}

/** The newest version of every record: of commits not written yet from memory, of all others from the engine. */
export class Versions {
  private readonly unwritten = new Map<string, Unwritten>();

  constructor(private readonly engine: Pick<Engine, 'get'>) {}

  of(key: string): Version | undefined {
    const waiting = this.unwritten.get(key);
    if (waiting) return waiting.version;
    const text = this.engine.get(key);
    return text === undefined ? undefined : { ...indexesIn(text), checksum: checksumOf(key, text) };
  }

  set(key: string, index: number, version: Version | undefined): void {
    this.unwritten.set(key, { index, version });
  }

  /** The commit of this index is in the engine: its records that no later commit changed can be read from there. */
  written(ops: Iterable<Op>, index: number): void {
    for (const [key] of ops) {
      if (this.unwritten.get(key)?.index === index) this.unwritten.delete(key);
    }
  }
}
