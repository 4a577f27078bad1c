import { z } from 'zod';
import type { CheckRequest, RegistrationRequest } from './registration.js';

/**
 * Names and types of what a registration request may hold. Rules that need more than one field, and those of the
 * catalog, are in registration-body.ts and check-body.ts.
 */
const text = z.string('must be text');
const flag = z.boolean('must be true or false');
const words = z.array(text, 'must be a list of texts');
const count = z
  .number('must be a whole number, 0 or more')
  .int('must be a whole number, 0 or more')
  .min(0, 'must be 0 or more');
const share = z.number('must be a whole number').int('must be a whole number');
const targetOrOwn = z.union([text, z.literal(true)], "must be host:port, or true for the instance's own address");

type Schema<T> = z.ZodObject<Record<keyof Required<T>, z.ZodType>>;

export const requestSchema: Schema<RegistrationRequest> = z.strictObject({
  id: text.min(1, 'must not be empty').optional(),
  address: text.optional(),
  port: z
    .number('must be a number from 0 to 65535')
    .int('must be a whole number')
    .min(0, 'must be from 0 to 65535')
    .max(65_535, 'must be from 0 to 65535'),
  tags: words.optional(),
  metadata: z.record(z.string(), text, 'must be an object of texts').optional(),
  version: text.optional(),
  type: text.optional(),
  environment: text.optional(),
  region: text.optional(),
  zone: text.optional(),
  deploymentId: text.optional(),
  capabilities: words.optional(),
  check: z.unknown().optional(),
  checks: z.array(z.unknown(), 'must be a list of checks').optional(),
  weights: z.strictObject({ passing: share, warning: share.optional() }, 'must be { passing, warning }').optional(),
  enableTagOverride: flag.optional(),
  onConflict: z.enum(['take-over', 'refuse'], "must be 'take-over' or 'refuse'").optional(),
});

export const checkSchema: Schema<CheckRequest> = z.strictObject({
  http: text.optional(),
  tcp: targetOrOwn.optional(),
  udp: targetOrOwn.optional(),
  grpc: targetOrOwn.optional(),
  h2ping: targetOrOwn.optional(),
  ttl: text.optional(),
  script: words.min(1, 'must name a program').optional(),
  docker: z
    .strictObject(
      { container: text, args: words.min(1, 'must name a program'), shell: text.optional() },
      'must be { container, args }',
    )
    .optional(),
  osService: text.optional(),
  alias: text.optional(),
  health: z.custom((value) => typeof value === 'function', 'must be a function').optional(),
  id: text.optional(),
  name: text.optional(),
  notes: text.optional(),
  interval: text.optional(),
  timeout: text.optional(),
  deregisterAfter: text.optional(),
  status: z.enum(['passing', 'warning', 'critical'], "must be 'passing', 'warning' or 'critical'").optional(),
  method: text.optional(),
  headers: z.record(z.string(), z.union([text, words]), 'must be an object of texts or lists of texts').optional(),
  body: text.optional(),
  useTls: flag.optional(),
  tlsServerName: text.optional(),
  tlsSkipVerify: flag.optional(),
  disableRedirects: flag.optional(),
  successBeforePassing: count.optional(),
  failuresBeforeWarning: count.optional(),
  failuresBeforeCritical: count.optional(),
  raw: z.record(z.string(), z.unknown(), 'must be an object').optional(),
});
