import { z } from 'zod';
import { nearestKey } from '../../model/index.js';
import { configSchema, type RawConfig } from './schema/index.js';
import { hasUnsupportedBelow, unsupportedKey, unsupportedNamesBelow } from './unsupported-keys.js';

/**
 * Looks at one configuration, as parsed from a file: which keys we act upon, which are Consul's but unsupported, which
 * are mistakes, and whether the values fit. Reports everything at once rather than the first thing found.
 */
export interface Finding {
  readonly level: 'error' | 'warning';
  /** Dotted, as written: `ports.http`. */
  readonly path: string;
  readonly message: string;
}

export interface Inspection {
  /** The supported part, values untouched. */
  readonly config: RawConfig;
  readonly findings: readonly Finding[];
}

export function inspectConfig(value: unknown): Inspection {
  const findings: Finding[] = [];
  const report = (level: Finding['level'], path: string, message: string): void => {
    findings.push({ level, path, message });
  };
  if (!isObject(value)) {
    report('error', '', 'a configuration must be a JSON object');
    return { config: {}, findings };
  }
  const config = supportedPart(value, configSchema, '', report) as RawConfig;
  const parsed = configSchema.safeParse(config);
  for (const issue of parsed.error?.issues ?? []) report('error', issue.path.join('.'), sentence(issue.message));
  return { config, findings };
}

type Report = (level: Finding['level'], path: string, message: string) => void;

function supportedPart(value: object, schema: z.ZodObject | undefined, path: string, report: Report): object {
  const kept: [string, unknown][] = [];
  for (const [name, item] of Object.entries(value)) {
    const itemPath = path === '' ? name : `${path}.${name}`;
    const itemSchema =
      schema && Object.hasOwn(schema.shape, name) ? unwrap(schema.shape[name] as z.ZodType) : undefined;
    // A null is "not set", as for Consul.
    if (item === null && (itemSchema || unsupportedKey(itemPath))) continue;
    if (itemSchema instanceof z.ZodObject && isObject(item)) {
      kept.push([name, supportedPart(item, itemSchema, itemPath, report)]);
    } else if (itemSchema) {
      kept.push([name, item]);
    } else {
      reportUnsupported(item, itemPath, name, schema, report);
    }
  }
  return Object.fromEntries(kept);
}

function reportUnsupported(
  item: unknown,
  path: string,
  name: string,
  schema: z.ZodObject | undefined,
  report: Report,
): void {
  const known = unsupportedKey(path);
  if (known) {
    if (known.asksProtection(item)) {
      report('error', path, `asks for protection that this agent does not give yet; ${known.advice}`);
    } else if (known.warns) {
      report(
        'warning',
        path,
        known.advice === '' ? 'is not supported and has no effect' : `has no effect here; ${known.advice}`,
      );
    }
  } else if (hasUnsupportedBelow(path)) {
    if (isObject(item)) supportedPart(item, undefined, path, report);
    else report('error', path, 'must be an object');
  } else {
    const parent = path.slice(0, Math.max(0, path.length - name.length - 1));
    const names = [...Object.keys(schema?.shape ?? {}), ...unsupportedNamesBelow(parent)];
    const near = nearestKey(name, names);
    report('error', path, near === undefined ? 'is not a known key' : `is not a known key; did you mean "${near}"?`);
  }
}

function unwrap(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional ? unwrap(schema.unwrap() as z.ZodType) : schema;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Zod's "Invalid input: expected number, received string" without its preamble. */
function sentence(message: string): string {
  return message.replace(/^Invalid input: /, '');
}
