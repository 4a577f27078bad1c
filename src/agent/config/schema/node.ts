import { z } from 'zod';
import { count, duration, positiveDuration, stringMap } from './values.js';

const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;

/** A definition is decoded later, by the rules that the HTTP API has for the same body; here it only has to be an object. */
const definition = z.record(z.string(), z.unknown());

export const nodeKeys = {
  datacenter: z
    .string()
    .regex(/^[a-z0-9_-]+$/, 'may hold lower-case letters, digits, "-" and "_"')
    .describe('name of the datacenter: lower-case letters, digits, `-`, `_`')
    .optional(),
  primary_datacenter: z.string().describe('must be the same as `datacenter`: none is primary for another').optional(),
  node_name: z.string().min(1).describe('name of this node').optional(),
  node_id: z.uuid().describe('UUID of this node; otherwise made once and kept in the data dir').optional(),
  node_meta: stringMap.describe('metadata of this node').optional(),
  data_dir: z.string().min(1).describe('where the state is kept; made when absent').optional(),
  log_level: z
    .string()
    .refine(
      (level) => (logLevels as readonly string[]).includes(level.toLowerCase()),
      `must be one of ${logLevels.join(', ')}`,
    )
    .describe(`${logLevels.map((level) => `\`${level}\``).join(', ')}; read again by a reload`)
    .optional(),
  log_json: z.boolean().describe('JSON lines rather than text for people').optional(),
  pid_file: z.string().describe('file that holds the process id while the agent runs').optional(),
  telemetry: z
    .object({
      prometheus_retention_time: duration
        .describe('above 0, `/v1/agent/metrics?format=prometheus` answers; `/metrics` always does')
        .optional(),
    })
    .optional(),
} as const;

export const registrationKeys = {
  service: definition.describe('one service, as in the body of `agent/service/register`, snake case too').optional(),
  services: z.array(definition).describe('several; every file’s `service` and `services` add up').optional(),
  check: definition.describe('one check, of the node or with `service_id`').optional(),
  checks: z.array(definition).describe('several; every file’s `check` and `checks` add up').optional(),
  /** Checked by the registry's own schema. */
  registration_policy: definition
    .describe('ours: what registrations must carry, see [registry.md](registry.md#what-registrations-must-carry)')
    .optional(),
} as const;

export const checkKeys = {
  enable_script_checks: z.boolean().describe('take script checks from anybody who may register').optional(),
  enable_local_script_checks: z.boolean().describe('take script checks from configuration files').optional(),
  check_update_interval: duration
    .describe('about how long an output that changed alone waits before the catalog shows it')
    .optional(),
  check_output_max_size: count.min(1).describe('bytes of output kept of a check').optional(),
  discard_check_output: z.boolean().describe('keep no output of checks').optional(),
  session_ttl_min: positiveDuration.describe('shortest TTL that a session may ask for').optional(),
  check_config: z
    .object({
      min_deregister_after: positiveDuration
        .describe('ours: smallest `deregister_critical_service_after`; smaller ones are raised to it')
        .optional(),
      allowed_networks: z
        .array(z.string())
        .describe('ours: networks (CIDR) that checks may connect to; none given: all')
        .optional(),
      damping: z.boolean().describe('ours: keep a check critical that changes too often').optional(),
    })
    .optional(),
} as const;

export const storeKeys = {
  snapshots: z
    .object({
      interval: positiveDuration.describe('ours: time between two scheduled snapshots; not given: none').optional(),
      retain: count.min(1).describe('ours: how many to keep; the oldest goes first').optional(),
      directory: z.string().min(1).describe('ours: where to').optional(),
    })
    .optional(),
} as const;
