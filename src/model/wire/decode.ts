import { z } from 'zod';
import { LONGEST_MS, parseDuration } from '../duration.js';
import { ServiceDiscoveryError } from '../errors.js';
import { goQuote } from '../go-text.js';
import { limits } from '../limits.js';
import { parseJson } from './json.js';
import { wireDuration } from './service.js';

/**
 * Decoding of JSON into the wire schemas by the rules of a Go decoder (docs/contract.md section 1.1): keys match
 * without regard to case, unknown keys are refused or dropped, null is "not set", nothing is coerced, and a mismatch is
 * told in Go's words. Zod's own parsing has other rules, so the schemas are only read here, as descriptions. Objects
 * are built from entries, so a key named __proto__ is plain data.
 */
export interface DecodeOptions {
  readonly unknown: 'refuse' | 'drop';
  /** Other spellings of fields, lower case → field name, at any depth. A field given by its own name wins. */
  readonly aliases?: Readonly<Record<string, string>>;
}

export interface DecodeTextOptions extends DecodeOptions {
  /** Put before every complaint: `Request decode failed: `. */
  readonly prefix: string;
  /** Keep integers beyond 2^53 as bigint. */
  readonly bigints?: boolean;
}

/** The snake-case spellings that service and check registrations take. */
export const registrationAliases: Readonly<Record<string, string>> = {
  enable_tag_override: 'EnableTagOverride',
  tagged_addresses: 'TaggedAddresses',
  service_id: 'ServiceID',
  script_args: 'ScriptArgs',
  deregister_critical_service_after: 'DeregisterCriticalServiceAfter',
  docker_container_id: 'DockerContainerID',
  tls_skip_verify: 'TLSSkipVerify',
  tls_server_name: 'TLSServerName',
  grpc_use_tls: 'GRPCUseTLS',
  tcp_use_tls: 'TCPUseTLS',
  h2ping_use_tls: 'H2PingUseTLS',
};

/**
 * A parsed JSON value as the schema's type. Throws INVALID_ARGUMENT with Go's complaint, `details.field` naming where.
 */
export function decode<S extends z.ZodType>(schema: S, value: unknown, options: DecodeOptions): z.infer<S> {
  const decoded = decodeValue(schema, value, [], options);
  return (decoded === undefined ? zeroOf(schema) : decoded) as z.infer<S>;
}

/** The first JSON value of a body as the schema's type. */
export function decodeText<S extends z.ZodType>(schema: S, text: string, options: DecodeTextOptions): z.infer<S> {
  try {
    return decode(schema, parseJson(text, options), options);
  } catch (error) {
    if (!(error instanceof ServiceDiscoveryError)) throw error;
    throw new ServiceDiscoveryError(error.code, options.prefix + error.message, {
      cause: error,
      details: error.details,
    });
  }
}

type Path = readonly string[];
type Def = z.core.$ZodTypes['_zod']['def'];

const defOf = (schema: z.core.$ZodType): Def => (schema as z.core.$ZodTypes)._zod.def;

/** undefined stands for "not set". */
function decodeValue(schema: z.core.$ZodType, value: unknown, path: Path, options: DecodeOptions): unknown {
  const def = defOf(schema);
  switch (def.type) {
    case 'optional':
    case 'nullable':
      return decodeValue(def.innerType, value, path, options);
    case 'default':
      return decodeValue(def.innerType, value, path, options) ?? def.defaultValue;
    case 'lazy':
    case 'unknown':
    case 'any':
      return plain(value, path, 0) ?? undefined;
    default:
      if (value === null || value === undefined) return undefined;
      return decodeSet(schema, def, value, path, options);
  }
}

function decodeSet(schema: z.core.$ZodType, def: Def, value: unknown, path: Path, options: DecodeOptions): unknown {
  if (schema === wireDuration) return duration(value, path);
  switch (def.type) {
    case 'object':
      return decodeObject(schema as z.core.$ZodObject, object(value, schema, path), path, options);
    case 'record':
      return decodeRecord(def.valueType, object(value, schema, path), path, options);
    case 'array':
      if (!Array.isArray(value)) throw mismatch(value, schema, path);
      return value.map((item) => decodeValue(def.element, item, path, options) ?? zeroOf(def.element));
    case 'union':
      return decodeUnion(def.options, schema, value, path, options);
    default:
      return leaf(schema, value, path);
  }
}

function decodeObject(schema: z.core.$ZodObject, value: object, path: Path, options: DecodeOptions): object {
  const { shape } = schema._zod.def;
  const fields = fieldsOf(schema);
  const out = new Map<string, unknown>();
  const aliased = new Map<string, unknown>();
  for (const [key, item] of Object.entries(value)) {
    const direct = Object.hasOwn(shape, key) ? key : fields.get(key.toLowerCase());
    const name = direct ?? aliasOf(key, shape, options);
    if (name === undefined) {
      if (options.unknown === 'drop') continue;
      throw refused(`json: unknown field ${goQuote(key)}`, [...path, key]);
    }
    const decoded = decodeValue(shape[name] as z.core.$ZodType, item, [...path, name], options);
    if (decoded !== undefined) (direct === undefined ? aliased : out).set(name, decoded);
  }
  for (const [name, item] of aliased) if (!out.has(name)) out.set(name, item);
  for (const name of defaulted(schema)) {
    if (!out.has(name)) out.set(name, decodeValue(shape[name] as z.core.$ZodType, undefined, [...path, name], options));
  }
  return Object.fromEntries(out);
}

function decodeRecord(type: z.core.$ZodType, value: object, path: Path, options: DecodeOptions): object {
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, decodeValue(type, item, path, options) ?? zeroOf(type)]),
  );
}

function decodeUnion(
  choices: readonly z.core.$ZodType[],
  schema: z.core.$ZodType,
  value: unknown,
  path: Path,
  options: DecodeOptions,
): unknown {
  for (const choice of choices) {
    try {
      return decodeValue(choice, value, path, options);
    } catch (error) {
      if (!(error instanceof ServiceDiscoveryError)) throw error;
    }
  }
  throw mismatch(value, schema, path);
}

function leaf(schema: z.core.$ZodType, value: unknown, path: Path): unknown {
  const def = defOf(schema);
  const expected = def.type;
  if ((expected === 'string' || expected === 'number' || expected === 'boolean') && typeof value !== expected) {
    throw mismatch(value, schema, path);
  }
  if ((expected === 'string' || expected === 'boolean') && !def.checks?.length) return value;
  const parsed = z.safeParse(schema, value);
  if (parsed.success) return parsed.data;
  if (expected === 'number') throw mismatch(value, schema, path, true);
  throw refused(`json: invalid value for ${path.join('.')}: ${parsed.error.issues[0]?.message ?? ''}`, path);
}

function duration(value: unknown, path: Path): string | number {
  if (typeof value === 'number' || typeof value === 'bigint') return nanoseconds(Number(value), path);
  if (typeof value !== 'string') throw refused(`json: cannot unmarshal ${kindOf(value)} into a duration`, path);
  if (parseDuration(value) === undefined) throw refused(`time: invalid duration ${goQuote(value)}`, path);
  return value;
}

function nanoseconds(value: number, path: Path): number {
  if (Math.abs(value) / 1e6 <= LONGEST_MS) return value;
  throw refused(`json: cannot unmarshal number ${value} into a duration`, path);
}

/** Any JSON, big integers as numbers, bounded in depth so that writing it out later cannot overflow the stack. */
function plain(value: unknown, path: Path, depth: number): unknown {
  if (depth > limits.jsonDepth) throw refused('exceeded max depth', path);
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map((item) => plain(item, path, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, path, depth + 1)]));
}

function object(value: unknown, schema: z.core.$ZodType, path: Path): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw mismatch(value, schema, path);
  return value;
}

const foldedFields = new WeakMap<z.core.$ZodObject, ReadonlyMap<string, string>>();

function fieldsOf(schema: z.core.$ZodObject): ReadonlyMap<string, string> {
  let fields = foldedFields.get(schema);
  if (!fields) {
    fields = new Map(Object.keys(schema._zod.def.shape).map((name) => [name.toLowerCase(), name]));
    foldedFields.set(schema, fields);
  }
  return fields;
}

const defaultedFields = new WeakMap<z.core.$ZodObject, readonly string[]>();

function defaulted(schema: z.core.$ZodObject): readonly string[] {
  let names = defaultedFields.get(schema);
  if (!names) {
    const { shape } = schema._zod.def;
    names = Object.keys(shape).filter((name) => defOf(shape[name] as z.core.$ZodType).type === 'default');
    defaultedFields.set(schema, names);
  }
  return names;
}

function aliasOf(key: string, shape: object, options: DecodeOptions): string | undefined {
  const folded = key.toLowerCase();
  if (!options.aliases || !Object.hasOwn(options.aliases, folded)) return undefined;
  const name = options.aliases[folded] as string;
  return Object.hasOwn(shape, name) ? name : undefined;
}

/** What Go leaves in place of a null inside a list or map, or of a null body. */
function zeroOf(schema: z.core.$ZodType): unknown {
  const def = defOf(schema);
  switch (def.type) {
    case 'string':
      return '';
    case 'number':
      return 0;
    case 'boolean':
      return false;
    case 'array':
      return [];
    case 'object':
    case 'record':
      return {};
    case 'optional':
    case 'nullable':
    case 'default':
      return zeroOf(def.innerType);
    default:
      return null;
  }
}

function mismatch(value: unknown, schema: z.core.$ZodType, path: Path, show = false): ServiceDiscoveryError {
  const found = show ? `${kindOf(value)} ${String(value)}` : kindOf(value);
  const into = path.length === 0 ? 'Go value' : `Go struct field .${path.join('.')}`;
  return refused(`json: cannot unmarshal ${found} into ${into} of type ${goType(schema)}`, path);
}

function refused(message: string, path: Path): ServiceDiscoveryError {
  return new ServiceDiscoveryError('INVALID_ARGUMENT', message, { details: { field: path.join('.') } });
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'bigint' ? 'number' : typeof value;
}

function goType(schema: z.core.$ZodType): string {
  const def = defOf(schema);
  switch (def.type) {
    case 'number':
      return 'int';
    case 'boolean':
      return 'bool';
    case 'array':
      return `[]${goType(def.element)}`;
    case 'record':
      return `map[string]${goType(def.valueType)}`;
    case 'object':
      return 'struct';
    case 'optional':
    case 'nullable':
    case 'default':
      return goType(def.innerType);
    case 'union':
      return def.options.map(goType).join(' or ');
    default:
      return def.type;
  }
}
