import { z } from 'zod';
import { invalid, type Violation } from './errors.js';
import { goQuote } from './go-text.js';
import type { ServiceRegistration } from './wire/index.js';

/**
 * What an organisation asks of registrations beyond Consul's contract, by name of the service: the fields of the
 * registration standard, and metadata by schema. Without a policy everything is taken that Consul takes. A refusal
 * names every failing field and rule at once, so that a deployment is corrected in one round.
 */
const metaRule = z.strictObject({
  required: z.boolean().optional(),
  /** Default string. Numbers and booleans as text, since metadata is text; semver by semver.org. */
  type: z.enum(['string', 'number', 'integer', 'boolean', 'semver']).optional(),
  /** RE2, found anywhere in the value: anchor it to match the whole. */
  pattern: z.string().optional(),
  enum: z.array(z.string()).min(1).optional(),
});

const rule = z.strictObject({
  /** Names it is for, any case; `*` stands for any run of characters. Default every service. */
  services: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  /** The standard's required fields: version, type and environment in metadata, and an ID of the instance's own. */
  requireStandard: z.boolean().optional(),
  /** Further fields of the registration that must not be empty. Check is met by Check and by Checks. */
  required: z.array(z.enum(['ID', 'Port', 'Address', 'Tags', 'Check', 'Locality'])).optional(),
  meta: z.record(z.string(), metaRule).optional(),
  /** Refuse metadata keys that `meta` and the standard do not name. Default false. */
  onlyKnownMeta: z.boolean().optional(),
});

const policy = z.strictObject({
  /** Metadata keys kept out of DNS, events, logs, metrics and exports; direct reads show them. */
  privateMetaKeys: z.array(z.string()).optional(),
  rules: z.array(rule).optional(),
});

export type RegistrationPolicyConfig = z.infer<typeof policy>;
type Rule = z.infer<typeof rule>;
type MetaRule = z.infer<typeof metaRule>;

/** What a policy looks at: the body of agent/service/register, or as much of it as another way of registering gives. */
export interface JudgedRegistration extends Pick<
  ServiceRegistration,
  'Name' | 'ID' | 'Port' | 'Address' | 'Tags' | 'Meta' | 'Locality'
> {
  readonly Check?: object | null | undefined;
  readonly Checks?: readonly object[] | null | undefined;
}

export interface RegistrationPolicy {
  readonly privateMetaKeys: ReadonlySet<string>;
  /** Throws INVALID_ARGUMENT with every broken rule in `details.violations`. */
  check(registration: JudgedRegistration): void;
}

/** Compiles a user's regular expression; throws INVALID_ARGUMENT when it is none. */
export type CompilePattern = (expression: string) => { test(text: string): boolean };

/** From configuration, in camel case or in a config file's snake case. Throws INVALID_ARGUMENT naming what is wrong. */
export function parseRegistrationPolicy(value: unknown): RegistrationPolicyConfig {
  const parsed = policy.safeParse(inCamelCase(value));
  if (parsed.success) return parsed.data;
  const violations = parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), rule: message }));
  throw invalid(`registration policy: ${violations.map(told).join('; ')}`, violations);
}

export function compileRegistrationPolicy(
  config: RegistrationPolicyConfig,
  compile: CompilePattern,
): RegistrationPolicy {
  const rules = (config.rules ?? []).map((one) => compileRule(one, compile));
  return {
    privateMetaKeys: new Set(config.privateMetaKeys),
    check: (registration) => {
      const name = registration.Name ?? '';
      const violations = rules.filter((one) => one.isFor(name)).flatMap((one) => one.violations(registration));
      if (violations.length === 0) return;
      throw invalid(
        `registration of ${goQuote(name)} is refused by policy: ${violations.map(told).join('; ')}`,
        violations,
      );
    },
  };
}

interface CompiledRule {
  isFor(name: string): boolean;
  violations(registration: JudgedRegistration): readonly Violation[];
}

const STANDARD_META = ['version', 'type', 'environment'];
const STANDARD_OPTIONAL_META = ['region', 'zone', 'deployment_id', 'capabilities'];

function compileRule(config: Rule, compile: CompilePattern): CompiledRule {
  const names = [config.services ?? '*'].flat().map((glob) => compile(expressionOf(glob)));
  const standard = config.requireStandard ?? false;
  const meta = new Map(Object.entries(config.meta ?? {}));
  if (standard) for (const key of STANDARD_META) meta.set(key, { ...meta.get(key), required: true });
  const values = Array.from(meta, ([key, schema]) => valueCheck(key, schema, compile));
  const fields = new Set([...(config.required ?? []), ...(standard ? (['ID'] as const) : [])]);
  const known = new Set([...meta.keys(), ...(standard ? STANDARD_OPTIONAL_META : [])]);
  return {
    isFor: (name) => names.some((pattern) => pattern.test(name)),
    violations: (registration) => {
      const given = new Map(Object.entries(registration.Meta ?? {}));
      const unknown = config.onlyKnownMeta ? [...given.keys()].filter((key) => !known.has(key)) : [];
      return [
        ...[...fields].filter((field) => isMissing(registration, field)).map(required),
        ...values.flatMap((violations) => violations(given)),
        ...unknown.map((key) => ({ field: `Meta.${key}`, rule: 'is not a known key' })),
      ];
    },
  };
}

function valueCheck(key: string, schema: MetaRule, compile: CompilePattern) {
  const field = `Meta.${key}`;
  const { type = 'string', pattern, enum: words } = schema;
  const matches = pattern === undefined ? undefined : compile(pattern);
  return (given: ReadonlyMap<string, string>): readonly Violation[] => {
    const value = given.get(key);
    if (value === undefined || value === '') return schema.required ? [required(field)] : [];
    const rules: string[] = [];
    if (!TYPES[type].accepts(value)) rules.push(`must be ${TYPES[type].name}`);
    if (matches && !matches.test(value)) rules.push(`must match ${pattern ?? ''}`);
    if (words && !words.includes(value)) rules.push(`must be one of ${words.join(', ')}`);
    return rules.map((broken) => ({ field, rule: broken }));
  };
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
/** semver.org's grammar: no leading zeros, dot-separated pre-release and build identifiers. */
const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)(\.(0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*))*)?(\+[\dA-Za-z-]+(\.[\dA-Za-z-]+)*)?$/;

const TYPES: Readonly<Record<NonNullable<MetaRule['type']>, { name: string; accepts: (value: string) => boolean }>> = {
  string: { name: 'a string', accepts: () => true },
  number: { name: 'a number', accepts: (value) => NUMBER.test(value) },
  integer: { name: 'an integer', accepts: (value) => /^-?(0|[1-9]\d*)$/.test(value) },
  boolean: { name: 'true or false', accepts: (value) => value === 'true' || value === 'false' },
  semver: { name: 'a semantic version such as 1.4.0', accepts: (value) => SEMVER.test(value) },
};

function required(field: string): Violation {
  return { field, rule: 'is required' };
}

/** An ID equal to the name is the default, so not the instance's own. */
function isMissing(registration: JudgedRegistration, field: NonNullable<Rule['required']>[number]): boolean {
  switch (field) {
    case 'ID':
      return !registration.ID || registration.ID === registration.Name;
    case 'Tags':
      return (registration.Tags ?? []).length === 0;
    case 'Check':
      return !registration.Check && (registration.Checks ?? []).length === 0;
    case 'Locality':
      return !registration.Locality;
    default:
      return !registration[field];
  }
}

function expressionOf(glob: string): string {
  const parts = glob.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return `(?is)^${parts.join('.*')}$`;
}

function told({ field, rule: broken }: Violation): string {
  return `${field} ${broken}`;
}

/** Field names of a config file; metadata keys are the user's own and stay as they are. */
function inCamelCase(value: unknown): unknown {
  if (!isObject(value)) return value;
  const top = renamed(value);
  return Array.isArray(top.rules)
    ? { ...top, rules: top.rules.map((one: unknown) => (isObject(one) ? renamed(one) : one)) }
    : top;
}

function renamed(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [
      key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
