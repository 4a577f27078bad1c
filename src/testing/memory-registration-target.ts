import type {
  RegisteredInstance,
  RegistrationTarget,
  TargetDescription,
} from '../client/registration/registration-target.js';
import type { CallOptions, CheckRegistration, CheckStatus, ServiceRegistration } from '../model/index.js';
import { defaults, notFound, toCheckDefinition } from '../model/index.js';
import type { Clock } from '../runtime/index.js';
import { withinCall } from '../runtime/index.js';

/** What goes wrong with one call. */
export interface TargetFault {
  /** It takes effect so much later. */
  readonly delayMs?: number;
  /** Its answer, of what was true then, comes so much later than that. */
  readonly answerMs?: number;
  /** The call rejects with this. */
  readonly error?: Error;
  /** It takes effect all the same. */
  readonly happens?: boolean;
}

export interface TargetCall {
  readonly name: keyof RegistrationTarget;
  /** Instance or check; '' when it is about neither. */
  readonly id: string;
}

interface Held {
  readonly body: ServiceRegistration;
  readonly version: string;
  readonly checks: Map<string, { readonly isTtl: boolean; status: CheckStatus }>;
  maintenance: string | undefined;
}

/**
 * A registry of one map, on the test's clock, of which any call can be made slow, fail, or fail and take effect. It runs no
 * checks: those that are not reported to keep the status they were given.
 */
export class MemoryRegistrationTarget implements RegistrationTarget {
  description: TargetDescription = { nodeAddress: '10.0.0.1', nodeName: 'n1', locality: true };
  /** Asked before every call. */
  fault: (call: TargetCall) => TargetFault | undefined = () => undefined;
  /** Every call that came to its effect, in order. */
  readonly trace: string[] = [];
  /** Definitions put or removed that were not so already. */
  index = 0;
  private readonly held = new Map<string, Held>();
  private readonly waiting = new Set<() => void>();

  constructor(private readonly clock: Clock) {}

  // ---- what happens to a registry beside its clients

  /** As after a restart that lost everything. */
  wipe(): void {
    this.held.clear();
    this.changed();
  }

  drop(id: string): void {
    if (this.held.delete(id)) this.changed();
  }

  /** By whoever else. */
  put(body: ServiceRegistration): void {
    const id = body.ID ?? body.Name ?? '';
    const version = JSON.stringify(body);
    const before = this.held.get(id);
    const checks = new Map(
      checksOf(id, body).map(([checkId, check]) => {
        const status = before?.checks.get(checkId)?.status ?? (check.Status as CheckStatus | undefined) ?? 'critical';
        return [checkId, { isTtl: check.TTL !== undefined, status }] as const;
      }),
    );
    this.held.set(id, { body, version, checks, maintenance: before?.maintenance });
    if (before?.version !== version) this.changed();
  }

  body(id: string): ServiceRegistration | undefined {
    return this.held.get(id)?.body;
  }

  statusOf(checkId: string): CheckStatus | undefined {
    return this.withCheck(checkId)?.checks.get(checkId)?.status;
  }

  // ---- the seam

  describe(options?: CallOptions): Promise<TargetDescription> {
    return this.call({ name: 'describe', id: '' }, options, () => this.description);
  }

  register(body: ServiceRegistration, options?: CallOptions): Promise<void> {
    return this.call({ name: 'register', id: body.ID ?? '' }, options, () => {
      for (const [, check] of checksOf(body.ID ?? '', body)) toCheckDefinition(check);
      this.put(body);
    });
  }

  deregister(id: string, options?: CallOptions): Promise<void> {
    return this.call({ name: 'deregister', id }, options, () => this.drop(id));
  }

  read(id: string, options?: CallOptions): Promise<RegisteredInstance | undefined> {
    return this.call({ name: 'read', id }, options, () => this.instance(id));
  }

  list(options?: CallOptions): Promise<ReadonlyMap<string, RegisteredInstance>> {
    return this.call({ name: 'list', id: '' }, options, () => {
      return new Map([...this.held.keys()].map((id) => [id, this.instance(id) as RegisteredInstance]));
    });
  }

  async readChanged(known: RegisteredInstance, signal: AbortSignal): Promise<RegisteredInstance | undefined> {
    const isNews = (): boolean => this.instance(known.id)?.version !== known.version;
    await this.call({ name: 'readChanged', id: known.id }, { signal }, () => undefined);
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (isNews() || signal.aborted) end();
      };
      const end = (): void => {
        this.waiting.delete(look);
        signal.removeEventListener('abort', end);
        cancel();
        resolve();
      };
      const cancel = this.clock.after(defaults.watchWaitMs, end);
      this.waiting.add(look);
      signal.addEventListener('abort', end);
      look();
    });
    signal.throwIfAborted();
    return this.instance(known.id);
  }

  reportTtl(checkId: string, status: CheckStatus, output: string, options?: CallOptions): Promise<void> {
    return this.call({ name: 'reportTtl', id: checkId }, options, () => {
      const check = this.withCheck(checkId)?.checks.get(checkId);
      if (!check?.isTtl) throw notFound(`Unknown check ID "${checkId}"`);
      check.status = status;
      this.trace.push(`${checkId} ${status} ${output}`.trim());
    });
  }

  setMaintenance(id: string, enable: boolean, reason: string, options?: CallOptions): Promise<void> {
    return this.call({ name: 'setMaintenance', id }, options, () => {
      const held = this.held.get(id);
      if (!held) throw notFound(`Unknown service ID "${id}"`);
      held.maintenance = enable ? (held.maintenance ?? reason) : undefined;
    });
  }

  maintenanceReason(id: string, options?: CallOptions): Promise<string | undefined> {
    return this.call({ name: 'maintenanceReason', id }, options, () => this.held.get(id)?.maintenance);
  }

  isServing(service: string, id: string, options?: CallOptions): Promise<boolean> {
    return this.call({ name: 'isServing', id }, options, () => {
      const held = this.held.get(id);
      if (!held || held.body.Name !== service || held.maintenance !== undefined) return false;
      return [...held.checks.values()].every(({ status }) => status === 'passing');
    });
  }

  private call<T>(call: TargetCall, options: CallOptions = {}, act: () => T): Promise<T> {
    const { delayMs = 0, answerMs = 0, error, happens = false } = this.fault(call) ?? {};
    const bounds = { ...options, timeoutMs: options.timeoutMs ?? defaults.registrationTimeoutMs };
    return withinCall(this.clock, `${call.name} ${call.id}`, bounds, async ({ signal }) => {
      if (delayMs > 0) await this.clock.sleep(delayMs, signal);
      if (error && !happens) throw error;
      this.trace.push(`${call.name} ${call.id}`);
      const result = act();
      if (answerMs > 0) await this.clock.sleep(answerMs, signal);
      if (error) throw error;
      return result;
    });
  }

  private changed(): void {
    this.index += 1;
    for (const look of this.waiting) look();
  }

  private instance(id: string): RegisteredInstance | undefined {
    const held = this.held.get(id);
    if (!held) return undefined;
    const { body, version } = held;
    const { Name: service = '', Address: address = '', Port: port = 0, Tags: tags } = body;
    return { id, service, address, port, tags: tags ?? [], version };
  }

  private withCheck(checkId: string): Held | undefined {
    for (const held of this.held.values()) if (held.checks.has(checkId)) return held;
    return undefined;
  }
}

function checksOf(id: string, body: ServiceRegistration): readonly (readonly [string, CheckRegistration])[] {
  const checks = [...(body.Check ? [body.Check] : []), ...(body.Checks ?? [])];
  return checks.map((check, at) => [
    check.CheckID ?? (checks.length > 1 ? `service:${id}:${at + 1}` : `service:${id}`),
    check,
  ]);
}
