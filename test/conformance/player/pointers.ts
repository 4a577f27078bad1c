import type { Json } from './format.js';

/** JSON pointers (RFC 6901); as patterns, `*` stands for any key or index. */
function segments(pointer: string): readonly string[] {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

export function at(value: Json | undefined, pointer: string): Json | undefined {
  let found = value;
  for (const key of segments(pointer)) found = child(found, key);
  return found;
}

export function matchesPattern(path: readonly string[], pattern: string): boolean {
  const wanted = segments(pattern);
  return wanted.length === path.length && wanted.every((key, depth) => key === '*' || key === path[depth]);
}

/** Only what the patterns name, with the way to it. */
export function keepOnly(value: Json, patterns: readonly string[]): Json {
  return kept(value, patterns.map(segments)) ?? value;
}

export function drop(value: Json, patterns: readonly string[]): Json {
  return dropped(value, patterns.map(segments));
}

type Paths = readonly (readonly string[])[];

function kept(value: Json, paths: Paths): Json | undefined {
  if (paths.some((path) => path.length === 0)) return value;
  return mapChildren(value, (key, item) => {
    const below = step(paths, key);
    return below.length === 0 ? undefined : kept(item, below);
  });
}

function dropped(value: Json, paths: Paths): Json {
  return mapChildren(value, (key, item) => {
    const below = step(paths, key);
    return below.some((path) => path.length === 0) ? undefined : dropped(item, below);
  });
}

function step(paths: Paths, key: string): Paths {
  return paths.filter(([first]) => first === key || first === '*').map((path) => path.slice(1));
}

/** Children for which `map` gives undefined are left out; what has no children stays. */
function mapChildren(value: Json, map: (key: string, item: Json) => Json | undefined): Json {
  if (value === null || typeof value !== 'object') return value;
  const children = Object.entries(value).flatMap(([key, item]: [string, Json]) => {
    const mapped = map(key, item);
    return mapped === undefined ? [] : [[key, mapped] as const];
  });
  return Array.isArray(value) ? children.map(([, item]) => item) : Object.fromEntries(children);
}

function child(value: Json | undefined, key: string): Json | undefined {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, Json>>)[key];
}
