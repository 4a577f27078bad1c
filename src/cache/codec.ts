/** Values to bytes and back, for what leaves the process. `decode` throws on bytes that are none of its own. */
export interface Codec<V> {
  encode(value: V): Uint8Array;
  decode(bytes: Uint8Array): V;
}

/**
 * JSON that keeps dates, bytes and bigints as what they are. What JSON has no word for is dropped as JSON drops it; maps
 * and sets are not kept.
 */
export function jsonCodec<V>(): Codec<V> {
  return {
    encode: (value) => Buffer.from(JSON.stringify(pack(value)), 'utf8'),
    decode: (bytes) => unpack(JSON.parse(textOf(bytes))) as V,
  };
}

/** For a cache of bytes, which a sealed one is kept in. */
export const bytesCodec: Codec<Uint8Array> = { encode: (bytes) => bytes, decode: (bytes) => bytes };

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/** `{ $: [kind, content] }` stands for what JSON lacks, and for objects that have such a field of their own. */
const TAG = '$';

export function pack(value: unknown): unknown {
  if (typeof value === 'bigint') return { [TAG]: ['bigint', value.toString()] };
  if (typeof value !== 'object' || value === null) return value ?? null;
  if (Array.isArray(value)) return value.map(pack);
  if (value instanceof Date) return { [TAG]: ['date', value.getTime()] };
  if (value instanceof Uint8Array) return { [TAG]: ['bytes', Buffer.from(value).toString('base64')] };
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  const packed = fields.map(([name, field]) => [name, pack(field)] as const);
  return Object.hasOwn(value, TAG) ? { [TAG]: ['object', packed] } : Object.fromEntries(packed);
}

export function unpack(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(unpack);
  if (Object.hasOwn(value, TAG)) return untag((value as Readonly<Record<string, unknown>>)[TAG]);
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, unpack(field)]));
}

function untag(tagged: unknown): unknown {
  const [kind, content] = tagged as readonly [unknown, unknown];
  if (kind === 'bigint') return BigInt(content as string);
  if (kind === 'date') return new Date((content as number | null) ?? Number.NaN);
  if (kind === 'bytes') return new Uint8Array(Buffer.from(content as string, 'base64'));
  if (kind !== 'object') throw new SyntaxError('not a value this codec writes');
  return Object.fromEntries((content as readonly [string, unknown][]).map(([name, field]) => [name, unpack(field)]));
}
