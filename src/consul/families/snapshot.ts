import type { Readable } from 'node:stream';
import { limits } from '../../model/index.js';
import type { ConsulAnswer } from '../answer.js';
import type { Calls } from './calls.js';
import type { ConsulCallOptions } from './options.js';

/** Of `save`. */
export interface ConsulSnapshotOptions extends ConsulCallOptions {
  /** Any server may answer. */
  readonly stale?: boolean;
}

/** snapshot: the whole state as one archive. */
export class SnapshotCalls {
  constructor(private readonly calls: Calls) {}

  /**
   * The archive as it comes. `timeoutMs`, default 10 min, is for it to begin; destroy the stream, or abort the signal, to
   * end it early.
   */
  save(options: ConsulSnapshotOptions = {}): Promise<ConsulAnswer<Readable>> {
    const consistency = options.stale === true ? 'stale' : 'default';
    return this.calls.stream('/v1/snapshot', { ...withTime(options), consistency });
  }

  /** Replaces everything the agents know. `timeoutMs` is for all of it, default 10 min. */
  restore(archive: Uint8Array | Readable | AsyncIterable<Uint8Array>, options: ConsulCallOptions = {}): Promise<void> {
    return this.calls.send('PUT', '/v1/snapshot', withTime(options), { body: archive });
  }
}

function withTime(options: ConsulCallOptions): ConsulCallOptions {
  return { ...options, timeoutMs: options.timeoutMs ?? limits.requestTimeoutMs };
}
