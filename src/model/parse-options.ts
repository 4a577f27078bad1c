import type { z } from 'zod';
import { invalid, type ServiceDiscoveryError, type Violation } from './errors.js';
import { nearestKey } from './nearest-key.js';

/**
 * An object of options given by a program, as its schema reads it. Throws INVALID_ARGUMENT that begins with `what` and
 * names every broken rule at once, also in `details.violations`; an unknown key comes with the nearest known one.
 */
export function parseOptions<S extends z.ZodObject>(what: string, schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw refusal(what, violationsOfIssues(schema, parsed.error.issues));
}

/** Every rule of the schema that the value breaks; for those who have more rules to look at before they refuse. */
export function optionViolations(schema: z.ZodObject, value: unknown): readonly Violation[] {
  const parsed = schema.safeParse(value);
  return parsed.success ? [] : violationsOfIssues(schema, parsed.error.issues);
}

/** INVALID_ARGUMENT that begins with `what` and names every broken rule, in its message and in its details. */
export function refusal(what: string, violations: readonly Violation[]): ServiceDiscoveryError {
  return invalid(`${what}: ${violations.map(({ field, rule }) => `${field} ${rule}`.trim()).join('; ')}`, violations);
}

function violationsOfIssues(schema: z.ZodObject, issues: readonly z.core.$ZodIssue[]): readonly Violation[] {
  return issues.flatMap((issue) => violationsOf(issue, Object.keys(schema.shape)));
}

function violationsOf(issue: z.core.$ZodIssue, known: readonly string[]): Violation[] {
  const at = issue.path.join('.');
  if (issue.code === 'invalid_type' && at === '') return [{ field: '', rule: 'must be an object' }];
  if (issue.code !== 'unrecognized_keys') return [{ field: at, rule: lowerFirst(issue.message) }];
  return issue.keys.map((key) => {
    const near = at === '' ? nearestKey(key, known) : undefined;
    const meant = near === undefined ? '' : `; did you mean ${near}?`;
    return { field: at === '' ? key : `${at}.${key}`, rule: `is not an option${meant}` };
  });
}

/** zod's sentences follow the field's name: `port must be…`, `port: invalid input…`. */
function lowerFirst(message: string): string {
  return /^(must|is|needs|cannot)\b/.test(message) ? message : `is wrong: ${message}`;
}
