import type { Violation } from '../../model/index.js';
import { asDiscoveryError, isDiscoveryError, limits, refusal, ServiceDiscoveryError } from '../../model/index.js';
import { mapAtOnce } from '../../runtime/index.js';
import type { Registration, RegistrationRequest } from './registration.js';
import type { RegistrationPlan } from './registration-body.js';

/** One of a batch. */
export interface NamedRequest extends RegistrationRequest {
  readonly name: string;
}

export interface Registering {
  plan(name: string, request: RegistrationRequest): RegistrationPlan;
  isKept(id: string): boolean;
  register(plan: RegistrationPlan, request: RegistrationRequest): Promise<Registration>;
}

interface Failure {
  readonly index: number;
  readonly service: string;
  readonly error: ServiceDiscoveryError;
}

/** A batch, all or none; see `Registrar.registerAll`. After a failure no further one is begun. */
export async function registerAll(
  requests: readonly NamedRequest[],
  registering: Registering,
): Promise<readonly Registration[]> {
  // What is no object has no fields, and is refused for that.
  const planned = planAll(
    requests.map((request) => Object(request) as NamedRequest),
    registering,
  );
  const failures: Failure[] = [];
  const fresh: Registration[] = [];
  const results = await mapAtOnce([...planned.entries()], limits.registrationsAtOnce, async ([index, each]) => {
    if (failures.length > 0) return undefined;
    const wasKept = registering.isKept(each.plan.id);
    try {
      const registration = await registering.register(each.plan, each.request);
      if (!wasKept) fresh.push(registration);
      return registration;
    } catch (error) {
      failures.push({ index, service: each.plan.service, error: asDiscoveryError(error, 'registering') });
      return undefined;
    }
  });
  if (failures.length === 0) return results.filter((registration) => registration !== undefined);
  const left = await rollBack(fresh);
  throw failureOf(requests.length, failures, left);
}

function planAll(requests: readonly NamedRequest[], { plan }: Registering) {
  const violations: Violation[] = [];
  const planned = requests.flatMap(({ name, ...request }, index) => {
    try {
      return [{ request, plan: plan(name, request) }];
    } catch (error) {
      if (!isDiscoveryError(error, 'INVALID_ARGUMENT')) throw error;
      const broken = error.details.violations ?? [];
      violations.push(...broken.map(({ field, rule }) => ({ field: `${index}.${field}`, rule })));
      return [];
    }
  });
  violations.push(...repeatedIds(requests));
  if (violations.length > 0) throw refusal('registrations', violations);
  return planned;
}

function repeatedIds(requests: readonly NamedRequest[]): Violation[] {
  const first = new Map<string, number>();
  return requests.flatMap(({ id }, index) => {
    if (id === undefined) return [];
    const before = first.get(id);
    if (before === undefined) first.set(id, index);
    return before === undefined ? [] : [{ field: `${index}.id`, rule: `is that of ${before} too` }];
  });
}

/** Ids that could not be deregistered now; that is tried again by itself. */
async function rollBack(fresh: readonly Registration[]): Promise<readonly string[]> {
  const outcomes = await mapAtOnce(fresh, limits.registrationsAtOnce, (registration) =>
    registration.deregister().then(
      () => [],
      () => [registration.id],
    ),
  );
  return outcomes.flat();
}

function failureOf(count: number, failures: readonly Failure[], left: readonly string[]): ServiceDiscoveryError {
  const [first] = failures as readonly [Failure, ...Failure[]];
  const undone =
    left.length === 0 ? 'the others were deregistered again' : `still to be deregistered: ${left.join(', ')}`;
  return new ServiceDiscoveryError(
    first.error.code,
    `${failures.length} of ${count} registrations failed, ${undone}; the first: ${first.error.message}`,
    {
      cause: new AggregateError(
        failures.map(({ error }) => error),
        'registrations failed',
      ),
      details: {
        failures: failures.map(({ index, service, error }) => ({
          index,
          service,
          code: error.code,
          message: error.message,
        })),
        ...(left.length === 0 ? {} : { left }),
      },
    },
  );
}
