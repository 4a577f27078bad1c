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

/** Of what depends on the records before it. */
export interface LastCodec<T> {
  write(out: ByteWriter, value: T, last: Last): void;
  read(from: ByteReader, last: Last): T;
}

export interface RowCodec<T> extends LastCodec<T> {
  /** Into an object that has the other fields already. */
  read(from: ByteReader, last: Last, into?: object): T;
}

/** At most 31 of them: a mask is worked on as a number of 32 bits. The rarest last, as long masks take more bytes. */
export function sparse<T extends object>(fields: SparseFields<T>): RowCodec<T> {
  const names = Object.keys(fields) as (keyof T)[];
  const all = names.map((name): SparseField<T, T[keyof T]> => fields[name]);
  return {
    write: (out, row, last) => {
      let mask = 0;
      for (let at = 0; at < all.length; at++) {
        const { same, otherwise } = all[at] as SparseField<T, T[keyof T]>;
        if (!same(row[names[at] as keyof T], otherwise(row, last))) mask |= 1 << at;
      }
      out.count(mask);
      for (let at = 0; at < all.length; at++)
        if (mask & (1 << at)) all[at]?.codec.write(out, row[names[at] as keyof T]);
    },
    read: (from, last, into = {}) => {
      const mask = from.count();
      if (mask >= 2 ** all.length) throw new WireError('fields that are not known');
      const row = into as Partial<T>;
      for (let at = 0; at < all.length; at++) {
        const { codec, otherwise } = all[at] as SparseField<T, T[keyof T]>;
        row[names[at] as keyof T] = mask & (1 << at) ? codec.read(from) : otherwise(row, last);
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

/** A field that is never left out: it changes so often that a mask which changes with it would cost more. */
export function always<T, V>(codec: Codec<V>, zero: V): SparseField<T, V> {
  return { codec, otherwise: () => zero, same: () => false };
}
