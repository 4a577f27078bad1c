/** How a type of value is written and read, and how such descriptions are put together. */
import type { ByteReader, ByteWriter } from './bytes.js';
import { WireError } from './bytes.js';

export interface Codec<T> {
  write(out: ByteWriter, value: T): void;
  read(from: ByteReader): T;
}

export const count: Codec<number> = {
  write: (out, value) => out.count(value),
  read: (from) => from.count(),
};

export const text: Codec<string> = {
  write: (out, value) => out.text(value),
  read: (from) => from.text(),
};

export const flag: Codec<boolean> = {
  write: (out, value) => out.byte(value ? 1 : 0),
  read: (from) => {
    const value = from.byte();
    if (value > 1) throw new WireError(`a flag of ${value}`);
    return value === 1;
  },
};

/** Any finite number; small whole ones take a byte. */
const INTEGER_BELOW = 2 ** 52;
const FRACTION = 0;
export const number: Codec<number> = {
  write: (out, value) => {
    if (Number.isInteger(value) && Math.abs(value) < INTEGER_BELOW && !Object.is(value, -0)) {
      return out.count(value < 0 ? -2 * value : 2 * value + 1);
    }
    out.count(FRACTION);
    out.double(value);
  },
  read: (from) => {
    const head = from.count();
    if (head === FRACTION) return finite(from.double());
    return head % 2 === 1 ? (head - 1) / 2 : -head / 2;
  },
};

/** A whole number that may be below zero. */
export const difference: Codec<number> = {
  write: (out, value) => out.count(value < 0 ? -2 * value - 1 : 2 * value),
  read: (from) => {
    const head = from.count();
    return head % 2 === 1 ? -(head + 1) / 2 : head / 2;
  },
};

/** A text of which something must be true. */
export function textThat(is: (value: string) => boolean, what: string): Codec<string> {
  return {
    write: (out, value) => out.text(value),
    read: (from) => {
      const value = from.text();
      if (!is(value)) throw new WireError(`${what}: ${JSON.stringify(value.slice(0, 64))}`);
      return value;
    },
  };
}

export function oneOf<const T>(words: readonly T[]): Codec<T> {
  return {
    write: (out, value) => out.byte(words.indexOf(value)),
    read: (from) => {
      const at = from.byte();
      if (at >= words.length) throw new WireError(`word ${at} of ${words.length}`);
      return words[at] as T;
    },
  };
}

/** Each of at least a byte, so that a frame bounds them; `most` where they would take much more memory than bytes. */
export function listOf<T>(item: Codec<T>, most = Number.POSITIVE_INFINITY): Codec<readonly T[]> {
  return {
    write: (out, values) => {
      out.count(values.length);
      for (const value of values) item.write(out, value);
    },
    read: (from) => {
      const size = from.size(most);
      const values: T[] = [];
      for (let at = 0; at < size; at++) values.push(item.read(from));
      return values;
    },
  };
}

/** Any key is data, `__proto__` too. */
export function mapOf<T>(item: Codec<T>): Codec<Readonly<Record<string, T>>> {
  return {
    write: (out, map) => {
      const entries = Object.entries(map);
      out.count(entries.length);
      for (const [key, value] of entries) {
        out.text(key);
        item.write(out, value);
      }
    },
    read: (from) => {
      const size = from.size();
      const map: Record<string, T> = {};
      for (let at = 0; at < size; at++) setOwn(map, from.text(), item.read(from));
      return map;
    },
  };
}

export function orNull<T>(codec: Codec<T>): Codec<T | null> {
  return {
    write: (out, value) => {
      out.byte(value === null ? 0 : 1);
      if (value !== null) codec.write(out, value);
    },
    read: (from) => (flag.read(from) ? codec.read(from) : null),
  };
}

/** The fields in the order in which they are given, which is the format. */
export function fields<T extends object>(codecs: { readonly [K in keyof T]-?: Codec<T[K]> }): Codec<T> {
  const all = Object.entries(codecs) as [keyof T, Codec<T[keyof T]>][];
  return {
    write: (out, value) => {
      for (const [name, codec] of all) codec.write(out, value[name]);
    },
    read: (from) => {
      const value = {} as T;
      for (const [name, codec] of all) value[name] = codec.read(from);
      return value;
    },
  };
}

export function setOwn<T>(map: Record<string, T>, key: string, value: T): void {
  if (key === '__proto__') {
    Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
  } else map[key] = value;
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new WireError(`a number that is ${value}`);
  return value;
}
