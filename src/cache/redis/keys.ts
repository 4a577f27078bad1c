/**
 * Redis keys of one cache: `prefix{key}:space` holds the entry of a space, `prefix{key}` names the space that was stored
 * last. Both parts are percent-encoded, and the braces are Redis Cluster's hash tag: all of one key is in one slot.
 */
export class RedisKeys {
  constructor(readonly prefix: string) {}

  /** Where the name of the space is that was stored last. */
  latest(key: string): string {
    return `${this.prefix}{${encode(key)}}`;
  }

  entry(key: string, indexSpace: string): string {
    return `${this.latest(key)}:${encode(indexSpace)}`;
  }

  /** Key and space of an entry's Redis key; undefined for any other. */
  parse(redisKey: string): { readonly key: string; readonly indexSpace: string } | undefined {
    if (!redisKey.startsWith(this.prefix)) return undefined;
    const [, key, indexSpace] = /^\{([^{}]*)\}:([^{}]*)$/.exec(redisKey.slice(this.prefix.length)) ?? [];
    if (key === undefined || indexSpace === undefined) return undefined;
    try {
      return { key: decode(key), indexSpace: decode(indexSpace) };
    } catch {
      return undefined;
    }
  }
}

/** Before a text that is no well-formed Unicode, which cannot be percent-encoded: its code units in hexadecimal. */
const RAW = '%u';

function encode(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return RAW + Buffer.from(text, 'utf16le').toString('hex');
  }
}

function decode(text: string): string {
  if (!text.startsWith(RAW)) return decodeURIComponent(text);
  return Buffer.from(text.slice(RAW.length), 'hex').toString('utf16le');
}
