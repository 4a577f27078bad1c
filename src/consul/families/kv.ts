import type { ConsulAnswer } from '../answer.js';
import { path, type Path } from '../transport/path.js';
import type { Calls } from './calls.js';
import type { ConsulCallOptions, ConsulReadOptions } from './options.js';

/** A key-value, decoded. */
export interface ConsulKvPair {
  readonly Key: string;
  readonly Value: Buffer;
  /** uint64. */
  readonly Flags: bigint;
  /** How often a session acquired it since it was last written without one. */
  readonly LockIndex: number;
  /** While it is held. */
  readonly Session?: string;
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
}

export interface ConsulKvPutOptions extends ConsulCallOptions {
  /** uint64, kept beside the value. Default 0. */
  readonly flags?: bigint | number;
  /** Only if ModifyIndex is this; 0: only if there is no such key. */
  readonly cas?: number;
  /** Only if this session can hold it, which it does then. Not with `cas` or `release`. */
  readonly acquire?: string;
  /** Only if this session holds it, which it does no more then. */
  readonly release?: string;
}

/** kv/…: keys and values. Keys hold no `//`, and no `.` or `..` as a part: agents take those for paths. */
export class KvCalls {
  constructor(private readonly calls: Calls) {}

  /** Undefined when there is no such key; its index waits for it to come. */
  async get(key: string, options: ConsulReadOptions = {}): Promise<ConsulAnswer<ConsulKvPair | undefined>> {
    const answer = await this.pairs(path`/v1/kv/${{ key }}`, options, {});
    return { ...answer, value: answer.value[0] };
  }

  /** The value alone, as it is. */
  raw(key: string, options: ConsulReadOptions = {}): Promise<ConsulAnswer<Buffer | undefined>> {
    return this.calls.bytes(path`/v1/kv/${{ key }}`, options, { query: { raw: true }, absent: { value: undefined } });
  }

  /** All that begins with a prefix, '' for all there is, sorted by key. */
  list(prefix: string, options: ConsulReadOptions = {}): Promise<ConsulAnswer<ConsulKvPair[]>> {
    return this.pairs(path`/v1/kv/${prefix}`, options, { recurse: true });
  }

  /** The keys alone; with a separator cut after the first of it past the prefix, as a directory is listed. */
  keys(
    prefix: string,
    options: ConsulReadOptions & { readonly separator?: string } = {},
  ): Promise<ConsulAnswer<string[]>> {
    const query = { keys: true, separator: options.separator };
    return this.calls.list(path`/v1/kv/${prefix}`, options, { query, absent: { value: [] } });
  }

  /** Whether it was written: without conditions it is. */
  put(key: string, value: string | Uint8Array, options: ConsulKvPutOptions = {}): Promise<boolean> {
    const { flags, cas, acquire, release } = options;
    const request = { body: value, query: { flags, cas, acquire, release } };
    return this.calls.write('PUT', path`/v1/kv/${{ key }}`, options, request);
  }

  /** What is not there is deleted already. False when `cas` is not its ModifyIndex. */
  delete(key: string, options: ConsulCallOptions & { readonly cas?: number } = {}): Promise<boolean> {
    return this.calls.write('DELETE', path`/v1/kv/${{ key }}`, options, { query: { cas: options.cas } });
  }

  /** Deletes all that begins with a prefix; '' is everything. */
  deleteAll(prefix: string, options: ConsulCallOptions = {}): Promise<boolean> {
    return this.calls.write('DELETE', path`/v1/kv/${prefix}`, options, { query: { recurse: true } });
  }

  private async pairs(
    at: Path,
    options: ConsulReadOptions,
    query: { readonly recurse?: boolean },
  ): Promise<ConsulAnswer<ConsulKvPair[]>> {
    const request = { query, bigints: true, absent: { value: [] } };
    const answer = await this.calls.list<WireKvPair>(at, options, request);
    return { ...answer, value: answer.value.map(kvPairOf) };
  }
}

/** As it is on the wire: `Value` is base64, null when empty. */
export interface WireKvPair extends Omit<ConsulKvPair, 'Value' | 'Flags'> {
  readonly Value: string | null;
  readonly Flags: number | bigint;
}

export function kvPairOf(pair: WireKvPair): ConsulKvPair {
  return { ...pair, Value: Buffer.from(pair.Value ?? '', 'base64'), Flags: BigInt(pair.Flags) };
}
