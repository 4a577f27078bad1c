import type { Merged } from './merge.js';

export interface PrintedValue {
  readonly key: string;
  readonly value: unknown;
  readonly source: string;
}

/** Fields of definitions that may carry credentials (any spelling): shown as present, never as what they are. */
const SECRET = new Set(['token', 'header', 'body']);
/** Keys that are secrets themselves. */
const SECRET_KEYS = new Set(['encrypt']);

/** Every value of a configuration with its source, in key order. Lists are one value. */
export function printedValues({ config, sources }: Merged): PrintedValue[] {
  return [...sources]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, source]) => ({ key, value: shown(key, valueAt(config, key)), source }));
}

function shown(key: string, value: unknown): unknown {
  return SECRET_KEYS.has(key) && value !== '' ? '(hidden)' : withoutSecrets(value);
}

/** Keys of maps may hold dots (`service_ttl`, `response_headers`), so a path is matched from its longest first part. */
function valueAt(value: unknown, path: string): unknown {
  if (path === '' || typeof value !== 'object' || value === null) return value;
  if (Object.hasOwn(value, path)) return (value as Record<string, unknown>)[path];
  for (const [key, item] of Object.entries(value)) {
    if (path.startsWith(`${key}.`)) {
      const found = valueAt(item, path.slice(key.length + 1));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      SECRET.has(key.toLowerCase()) ? '(hidden)' : withoutSecrets(item),
    ]),
  );
}
