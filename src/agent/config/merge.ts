import type { RawConfig } from './schema/index.js';

/** One place values come from: defaults, a file, the environment, the command line. */
export interface Layer {
  /** As told to people: `default`, `/etc/datapunk/a.json`, `--http-addr`, `DATAPUNK_HTTP_ADDR`. */
  readonly source: string;
  readonly config: RawConfig;
}

export interface Merged {
  readonly config: RawConfig;
  /** Dotted path of each value → where it came from. A list that several places added to names them all. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * Layers over one another, later wins: objects and maps merge by key, lists append (Consul's rule), anything else is
 * replaced. A list of the defaults is not appended to but replaced.
 */
export function mergeLayers(layers: readonly Layer[]): Merged {
  const sources = new Map<string, string>();
  let config: unknown = {};
  for (const layer of layers) config = mergeValue(config, layer.config, '', layer.source, sources);
  return { config: config as RawConfig, sources };
}

function mergeValue(
  below: unknown,
  above: unknown,
  path: string,
  source: string,
  sources: Map<string, string>,
): unknown {
  if (above === undefined) return below;
  if (isObject(above)) {
    const merged = new Map<string, unknown>(isObject(below) ? Object.entries(below) : []);
    for (const [key, value] of Object.entries(above)) {
      const next = path === '' ? key : `${path}.${key}`;
      merged.set(key, mergeValue(merged.get(key), value, next, source, sources));
    }
    return Object.fromEntries(merged);
  }
  const earlier = sources.get(path);
  if (Array.isArray(above) && Array.isArray(below) && earlier !== undefined && earlier !== 'default') {
    sources.set(path, earlier.split(', ').includes(source) ? earlier : `${earlier}, ${source}`);
    return [...(below as unknown[]), ...(above as unknown[])];
  }
  sources.set(path, source);
  return above;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
