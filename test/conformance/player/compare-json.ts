import type { Json } from './format.js';
import type { Placeholders } from './placeholders.js';
import { matchesPattern } from './pointers.js';

export interface JsonRules {
  readonly placeholders: Placeholders;
  /** Lists in any order. */
  readonly unordered: readonly string[];
  /** Objects that may have no other keys: maps by id. An object recorded empty may have none anyway. */
  readonly exact: readonly string[];
}

/** Everything recorded must be there and match; other keys of objects are fine. One line for each difference. */
export function compareJson(
  recorded: Json,
  value: Json | undefined,
  rules: JsonRules,
  path: readonly string[] = [],
): string[] {
  if (value === undefined) return [`${show(path)} is missing, wanted ${brief(recorded)}`];
  if (Array.isArray(recorded)) return compareList(recorded as readonly Json[], value, rules, path);
  if (recorded !== null && typeof recorded === 'object') return compareObject(recorded as Members, value, rules, path);
  return rules.placeholders.matches(recorded, value) ? [] : [differs(path, recorded, value)];
}

type Members = Readonly<Record<string, Json>>;

function compareObject(recorded: Members, value: Json, rules: JsonRules, path: readonly string[]): string[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [differs(path, recorded, value)];
  const members = value as Members;
  const exact = Object.keys(recorded).length === 0 || rules.exact.some((pattern) => matchesPattern(path, pattern));
  const surplus = exact ? Object.keys(members).filter((key) => !Object.hasOwn(recorded, key)) : [];
  return [
    ...surplus.map((key) => `${show([...path, key])} is there but was not recorded: ${brief(members[key] as Json)}`),
    ...Object.entries(recorded).flatMap(([key, wanted]) =>
      compareJson(wanted, Object.hasOwn(members, key) ? members[key] : undefined, rules, [...path, key]),
    ),
  ];
}

function compareList(recorded: readonly Json[], value: Json, rules: JsonRules, path: readonly string[]): string[] {
  if (!Array.isArray(value)) return [differs(path, recorded, value)];
  const items = value as readonly Json[];
  if (items.length !== recorded.length) {
    return [
      `${show(path)} has ${items.length} items, wanted ${recorded.length}: ${brief(value)}, wanted ${brief(recorded)}`,
    ];
  }
  if (rules.unordered.some((pattern) => matchesPattern(path, pattern))) return compareSet(recorded, items, rules, path);
  return recorded.flatMap((wanted, place) => compareJson(wanted, items[place], rules, [...path, String(place)]));
}

/** Each recorded item takes the first free one that matches it. */
function compareSet(
  recorded: readonly Json[],
  items: readonly Json[],
  rules: JsonRules,
  path: readonly string[],
): string[] {
  const free = [...items];
  return recorded.flatMap((wanted, place) => {
    const below = [...path, String(place)];
    const found = free.findIndex((item) =>
      rules.placeholders.attempt(() => compareJson(wanted, item, rules, below).length === 0),
    );
    if (found < 0) return [`${show(path)} lacks ${brief(wanted)}; left are ${brief(free)}`];
    free.splice(found, 1);
    return [];
  });
}

function differs(path: readonly string[], recorded: Json, value: Json): string {
  return `${show(path)} is ${brief(value)}, wanted ${brief(recorded)}`;
}

function show(path: readonly string[]): string {
  return path.length === 0 ? 'the answer' : `/${path.join('/')}`;
}

function brief(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
