/**
 * The table of configuration keys in docs/agent.md, made from the schemas that read a configuration: what the agent
 * does not take cannot stand in it. `scripts/config-reference` writes it, test/docs.test.ts says when it is old.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { defaultLayer } from '../../src/agent/config/defaults-layer.js';
import { configSchema } from '../../src/agent/config/schema/index.js';
import { duration, positiveDuration } from '../../src/agent/config/schema/values.js';

const BEGIN = '<!-- configuration keys: begin, written by scripts/config-reference -->';
const END = '<!-- configuration keys: end -->';

/** Defaults that depend on the machine or on other keys, in words. */
const IN_WORDS: ReadonlyMap<string, string> = new Map([
  ['node_name', 'the host name'],
  ['data_dir', '`/var/lib/datapunk` for root, else `~/.local/state/datapunk`'],
  ['snapshots.retain', '`30`'],
  ['snapshots.directory', '`snapshots` in the data dir'],
]);

/** The page with its table as it should be. */
export function withReference(page: string): string {
  const [before, rest] = cut(page, BEGIN);
  const [, after] = cut(rest, END);
  return `${before}${BEGIN}\n\n${table()}\n\n${END}${after}`;
}

function table(): string {
  const defaults = defaultLayer(false, {}).config;
  const rows = [...keysOf(configSchema, '')].map(({ key, schema, meaning }) =>
    row([`\`${key}\``, typeOf(schema), IN_WORDS.get(key) ?? shown(valueAt(defaults, key)), meaning]),
  );
  return [row(['key', 'type', 'default', 'meaning']), row(['---', '---', '---', '---']), ...rows].join('\n');
}

interface Key {
  readonly key: string;
  readonly schema: z.ZodType;
  readonly meaning: string;
}

function* keysOf(schema: z.ZodObject, path: string): Generator<Key> {
  for (const [name, optional] of Object.entries(schema.shape)) {
    const inner = unwrapped(optional as z.ZodType);
    const key = path === '' ? name : `${path}.${name}`;
    const { description } = inner;
    if (description !== undefined) yield { key, schema: inner, meaning: description };
    else if (isObject(inner)) yield* keysOf(inner, key);
    else throw new Error(`the schema of ${key} says nothing about its meaning`);
  }
}

function unwrapped(schema: z.ZodType): z.ZodType {
  return schema.def.type === 'optional' ? unwrapped((schema as z.ZodOptional<z.ZodType>).unwrap()) : schema;
}

function isObject(schema: z.ZodType): schema is z.ZodObject {
  return schema.def.type === 'object';
}

/** As somebody who writes JSON calls it. Enumerations are spelt out by their meaning or here. */
function typeOf(schema: z.ZodType): string {
  switch (schema.def.type) {
    case 'string':
      return isDuration(schema) ? 'duration' : 'string';
    case 'enum':
      return (schema as z.ZodEnum).options.map((option) => `\`${option}\``).join(', ');
    case 'array':
      return `list of ${typeOf((schema as z.ZodArray<z.ZodType>).element)}`;
    case 'record':
      return 'object';
    case 'union':
      return (schema as z.ZodUnion<z.ZodType[]>).options.map(typeOf).join(' or ');
    default:
      return schema.def.type;
  }
}

/** Descriptions are copies, so a schema is known by the checks it shares with the one it was made from. */
function isDuration(schema: z.ZodType): boolean {
  const checks = schema.def.checks ?? [];
  return [duration, positiveDuration].some(({ def }) => def.checks?.every((check, i) => checks[i] === check));
}

function valueAt(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, name) => (typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined), value);
}

function shown(value: unknown): string {
  if (value === undefined) return '';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`.replaceAll('  ', ' ');
}

function cut(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  if (index < 0) throw new Error(`the page has no line ${at}`);
  return [text.slice(0, index), text.slice(index + at.length)];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = join(process.cwd(), 'docs/agent.md');
  writeFileSync(path, withReference(readFileSync(path, 'utf8')));
}
