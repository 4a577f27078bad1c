import {
  checkRegistration,
  decode,
  registrationAliases,
  serviceRegistration,
  type CheckRegistration,
  type ServiceRegistration,
} from '../../model/index.js';
import type { Finding } from './inspect.js';
import type { RawConfig } from './schema/index.js';

/**
 * Service and check definitions of configuration files. The fields are those of the HTTP bodies; files spell them in
 * snake case throughout (`success_before_passing`), which HTTP does not take, so every field gets that spelling here.
 */
const aliases: Readonly<Record<string, string>> = Object.fromEntries([
  ...[...Object.keys(serviceRegistration.shape), ...Object.keys(checkRegistration.shape)].map(
    (name) => [snakeCase(name), name] as const,
  ),
  ...Object.entries(registrationAliases),
]);

export interface Definitions {
  readonly services: readonly ServiceRegistration[];
  readonly checks: readonly CheckRegistration[];
}

export function decodeDefinitions(config: RawConfig, report: (finding: Finding) => void): Definitions {
  const attempt = <T>(path: string, fn: () => T): T[] => {
    try {
      return [fn()];
    } catch (error) {
      const message = error instanceof Error ? error.message.replace(/^json: /, '') : String(error);
      report({ level: 'error', path, message });
      return [];
    }
  };
  return {
    services: (config.services ?? []).flatMap((body, i) => attempt(`services[${i}]`, () => decodeService(body))),
    checks: (config.checks ?? []).flatMap((body, i) =>
      attempt(`checks[${i}]`, () => decode(checkRegistration, body, { unknown: 'refuse', aliases })),
    ),
  };
}

/** A service definition as files spell it. Throws INVALID_ARGUMENT naming the field. */
export function decodeService(body: unknown): ServiceRegistration {
  return decode(serviceRegistration, body, { unknown: 'refuse', aliases });
}

/** `service` beside `services`: each file's single definition joins the list, so that several files can have one. */
export function joinSingles(config: RawConfig): RawConfig {
  const { service, check, ...rest } = config;
  return {
    ...rest,
    ...(service ? { services: [...(rest.services ?? []), service] } : {}),
    ...(check ? { checks: [...(rest.checks ?? []), check] } : {}),
  };
}

/** `TLSSkipVerify` → `tls_skip_verify`, `OSService` → `os_service`, `CheckID` → `check_id`. */
function snakeCase(name: string): string {
  return name
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
