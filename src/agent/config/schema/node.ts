import { z } from 'zod';
import { count, duration, positiveDuration, stringMap } from './values.js';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;

/** A definition is decoded later, by the rules that the HTTP API has for the same body; here it only has to be an object. */
const definition = z.record(z.string(), z.unknown());

export const nodeKeys = {
  datacenter: z
    .string()
    .regex(/^[a-z0-9_-]+$/, 'may hold lower-case letters, digits, "-" and "_"')
    .optional(),
  /** Must be the same as `datacenter`: there is no other one to be primary. */
  primary_datacenter: z.string().optional(),
  node_name: z.string().min(1).optional(),
  node_id: z.uuid().optional(),
  node_meta: stringMap.optional(),
  data_dir: z.string().min(1).optional(),
  log_level: z
    .string()
    .refine(
      (level) => (logLevels as readonly string[]).includes(level.toLowerCase()),
      `must be one of ${logLevels.join(', ')}`,
    )
    .optional(),
  /** JSON lines rather than text for people. */
  log_json: z.boolean().optional(),
  pid_file: z.string().optional(),
  telemetry: z
    .object({
      /** `GET /v1/agent/metrics?format=prometheus` answers when this is above 0. `GET /metrics` always does. */
      prometheus_retention_time: duration.optional(),
    })
    .optional(),
} as const;

export const registrationKeys = {
  service: definition.optional(),
  services: z.array(definition).optional(),
  check: definition.optional(),
  checks: z.array(definition).optional(),
  /** Ours: what registrations must carry. Checked by the registry's own schema. */
  registration_policy: definition.optional(),
} as const;

export const checkKeys = {
  enable_script_checks: z.boolean().optional(),
  enable_local_script_checks: z.boolean().optional(),
  check_update_interval: duration.optional(),
  check_output_max_size: count.min(1).optional(),
  discard_check_output: z.boolean().optional(),
  session_ttl_min: positiveDuration.optional(),
  /** Ours: how checks are run. */
  check_config: z
    .object({
      /** Smallest `deregister_critical_service_after` that is taken as it is; smaller ones are raised to it. */
      min_deregister_after: positiveDuration.optional(),
      /** Networks (CIDR) that checks may reach; empty = all. */
      allowed_networks: z.array(z.string()).optional(),
      /** Keep an instance critical while its check changes too often. */
      damping: z.boolean().optional(),
    })
    .optional(),
} as const;

export const storeKeys = {
  /** Ours: scheduled snapshots of the whole state. Off unless `interval` is given. */
  snapshots: z
    .object({
      interval: positiveDuration.optional(),
      /** How many to keep; the oldest goes first. */
      retain: count.min(1).optional(),
      /** Default: `snapshots` inside the data dir. */
      directory: z.string().min(1).optional(),
    })
    .optional(),
} as const;
