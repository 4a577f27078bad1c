/**
 * Rows: mostly defaults, and mostly like the row before. A mask says which fields are written; those that are not have
 * the value that follows from the row before (`last`) and from the fields of the same row that were read already.
 */
import type { ByteReader, ByteWriter } from './bytes.js';
import { WireError } from './bytes.js';
import type { Codec } from './codec.js';

/** What a record may take over from those before it in the same message. */
export interface Last {
  origin: string;
  datacenter: string;
  node: string;
  serviceId: string;
  service: string;
  tags: readonly string[];
  /** Of the last time of registration. */
  wallMs: number;
}

export interface SparseField<T, V> {
  readonly codec: Codec<V>;
  readonly otherwise: (row: Partial<T>, last: Last) => V;
  readonly same: (one: V, other: V) => boolean;
}

export type SparseFields<T> = { readonly [K in keyof T]: SparseField<T, T[K]> };

export interface RowCodec<T> {
  write(out: ByteWriter, row: T, last: Last): void;
  read(from: ByteReader, last: Last): T;
}

/** At most 49 of them: a mask is a number of the protocol. The rarest last. */
export function sparse<T extends object>(fields: SparseFields<T>): RowCodec<T> {
  const all = Object.entries(fields) as [keyof T, SparseField<T, T[keyof T]>][];
  const bits = all.map((_, at) => 2 ** at);
  const isWritten = (mask: number, at: number): boolean => Math.floor(mask / (bits[at] as number)) % 2 === 1;
  return {
    write: (out, row, last) => {
      let mask = 0;
      for (const [at, [name, field]] of all.entries()) {
        if (!field.same(row[name], field.otherwise(row, last))) mask += bits[at] as number;
      }
      out.count(mask);
      for (const [at, [name, field]] of all.entries()) if (isWritten(mask, at)) field.codec.write(out, row[name]);
    },
    read: (from, last) => {
      const mask = from.count();
      if (mask >= 2 ** all.length) throw new WireError('fields that are not known');
      const row: Partial<T> = {};
      for (const [at, [name, field]] of all.entries()) {
        row[name] = isWritten(mask, at) ? field.codec.read(from) : field.otherwise(row, last);
      }
      return row as T;
    },
  };
}

/** A field that is left out while it has this value. */
export function or<T, V>(codec: Codec<V>, value: V): SparseField<T, V> {
  return { codec, otherwise: () => value, same: Object.is };
}

/** A field that is left out while it is what follows from others. */
export function orElse<T, V>(
  codec: Codec<V>,
  otherwise: (row: Partial<T>, last: Last) => V,
  same: (one: V, other: V) => boolean = Object.is,
): SparseField<T, V> {
  return { codec, otherwise, same };
}
