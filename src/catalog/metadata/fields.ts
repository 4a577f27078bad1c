import type { InstanceView, Json } from '../../model/index.js';

/** What can be searched by: a name, the values an instance has under it, and how a value is written as a key. */
export interface Field {
  /** Also the name of its index. */
  readonly name: string;
  /** The metadata key that it reads, if it is private or not is a question of this. */
  readonly metaKey: string | undefined;
  valuesOf(instance: InstanceView): readonly string[];
  /** Whether values match in any case: then `fold` loses it. */
  readonly folds: boolean;
  /** Equal keys are equal values. */
  fold(value: string): string;
}

const NONE: readonly string[] = [];

export function fieldNamed(name: string): Field {
  return FIELDS.get(name) ?? metaField(name.startsWith('meta.') ? name.slice('meta.'.length) : name);
}

/** Reads one metadata key, whatever other field has its name. */
export function metaField(key: string): Field {
  const name = FIELDS.has(key) && !PLAIN_KEYS.has(key) ? `meta.${key}` : key;
  return { name, metaKey: key, folds: false, fold: asIs, valuesOf: (instance) => metaValues(instance, key) };
}

/** Keys of the standard whose field is the key and nothing more. */
const PLAIN_KEYS: ReadonlySet<string> = new Set(['version', 'type', 'environment']);

const FIELDS: ReadonlyMap<string, Field> = new Map(
  [
    ofName('service', ({ service }) => [service.service]),
    ofName('node', ({ node }) => [node.node]),
    ofName('tag', ({ service }) => service.tags),
    ofName('health', ({ status }) => [status]),
    ...[...PLAIN_KEYS].map((key) => fromMeta(key, (instance) => metaValues(instance, key))),
    fromMeta('region', (instance) => localityValues(instance, 'Region', 'region')),
    fromMeta('zone', (instance) => localityValues(instance, 'Zone', 'zone')),
    fromMeta('capabilities', (instance) => metaValues(instance, 'capabilities').flatMap(splitList)),
  ].map((field) => [field.name, field]),
);

function ofName(name: string, valuesOf: Field['valuesOf']): Field {
  return { name, metaKey: undefined, folds: true, fold: (value) => value.toLowerCase(), valuesOf };
}

function fromMeta(name: string, valuesOf: Field['valuesOf']): Field {
  return { name, metaKey: name, folds: false, fold: asIs, valuesOf };
}

function metaValues({ service: { meta } }: InstanceView, key: string): readonly string[] {
  return meta !== null && Object.hasOwn(meta, key) ? [meta[key] as string] : NONE;
}

/** A locality given at registration wins over metadata of the same name. */
function localityValues(instance: InstanceView, part: 'Region' | 'Zone', key: string): readonly string[] {
  const given = partOf(instance.service.locality, part);
  return given === '' ? metaValues(instance, key) : [given];
}

function partOf(locality: Json, part: 'Region' | 'Zone'): string {
  if (typeof locality !== 'object' || locality === null || !(part in locality)) return '';
  const value = (locality as Readonly<Record<string, Json>>)[part];
  return typeof value === 'string' ? value : '';
}

function splitList(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function asIs(value: string): string {
  return value;
}
