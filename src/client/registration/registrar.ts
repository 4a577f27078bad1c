import { randomUUID } from 'node:crypto';
import type { CallOptions } from '../../model/index.js';
import { asDiscoveryError, defaults, limits, ServiceDiscoveryError } from '../../model/index.js';
import type { Clock, Logger, Random } from '../../runtime/index.js';
import { mapAtOnce, onAbort, pause, realClock, realRandom, silentLogger, withinCall } from '../../runtime/index.js';
import { mayHaveHappened } from './ambiguous.js';
import { DRAINING } from './drain.js';
import { KeptRegistration, type Keeping, type Timed } from './kept-registration.js';
import { KeyedQueue } from './keyed-queue.js';
import { Lookout } from './lookout.js';
import { conflict } from './owner.js';
import { PendingRemovals } from './pending-removals.js';
import { registerAll, type NamedRequest } from './register-all.js';
import type { Registration, RegistrationRequest } from './registration.js';
import type { RegistrationDefaults, RegistrationPlan } from './registration-body.js';
import { planRegistration } from './registration-body.js';
import type { RegistrationTarget, TargetDescription } from './registration-target.js';

export interface RegistrarOptions {
  readonly target: RegistrationTarget;
  readonly defaults?: RegistrationDefaults;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
  /**
   * Told after every write, of whatever outcome, that changes what is found of a service; undefined: of an instance that is
   * not kept here. Must not throw.
   */
  readonly onChanged?: (service: string | undefined) => void;
  /** Runs a call, to measure it; undefined: for an instance that is not kept here. */
  readonly timed?: Timed;
  /** What follows `name-` in an id that was not given. Default: a random UUID. */
  readonly newId?: () => string;
}

/** Registers instances and keeps them registered (docs/registering.md). */
export interface Registrar extends AsyncDisposable {
  /**
   * Resolves when the instance is registered, and the first report of each TTL check was answered. With the id, address
   * and port of a live registration it takes the new contents over into that one and resolves with it. Rejects with
   * INVALID_ARGUMENT (nothing was sent), CONFLICT (`onConflict: 'refuse'`), CLOSED, or the registry's refusal; after
   * UNAVAILABLE, TIMEOUT or ABORTED an instance that may be registered all the same is removed again by itself, unless
   * its id was given: then registering once more mends it. `timeoutMs`: 10 s.
   */
  register(name: string, request: RegistrationRequest, options?: CallOptions): Promise<Registration>;
  /**
   * All or none: when one cannot be registered, those that this call registered are deregistered again, and it rejects
   * with the first failure's code and `details.failures`: `[{ index, service, code, message }]`. One with a broken rule
   * lets none be sent. `timeoutMs`: 10 s for each.
   */
  registerAll(requests: readonly NamedRequest[], options?: CallOptions): Promise<readonly Registration[]>;
  /** Like the registration's own; an id that is not kept here is deregistered as it is. `timeoutMs`: 10 s. */
  deregister(id: string, options?: CallOptions): Promise<void>;
  /** Those that are kept, draining ones included. */
  registrations(): readonly Registration[];
  /**
   * Stops keeping: no heartbeat, no look, nothing comes back. What is registered stays so, unless it is to be deregistered.
   * Resolves when no write is under way. Harmless twice.
   */
  close(options?: ClosingOptions): Promise<void>;
}

interface ClosingOptions extends CallOptions {
  /** Whether everything is deregistered, also what is being registered at the moment. Default false. */
  readonly deregister?: boolean;
  /** Told of what could not be deregistered. Must not throw. */
  readonly onFailed?: (error: unknown) => void;
  /** Milliseconds for deregistering all of it. Default: 10 s for each. */
  readonly timeoutMs?: number;
}

export function createRegistrar(options: RegistrarOptions): Registrar {
  return new KeepingRegistrar(options);
}

class KeepingRegistrar implements Registrar, Keeping {
  readonly target: RegistrationTarget;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly writes = new KeyedQueue();
  isClosed = false;
  private leavesNothing = false;
  private readonly fallback: RegistrationDefaults;
  private readonly newId: () => string;
  private readonly onChanged: ((service: string | undefined) => void) | undefined;
  readonly timed: Timed;
  private readonly kept = new Map<string, KeptRegistration>();
  private readonly lanes = new KeyedQueue();
  private turns = 0;
  private readonly lookout: Lookout;
  private readonly removals: PendingRemovals;
  private described: { readonly at: number; readonly description: Promise<TargetDescription> } | undefined;

  constructor(options: RegistrarOptions) {
    this.target = options.target;
    this.clock = options.clock ?? realClock;
    this.random = options.random ?? realRandom;
    this.logger = options.logger ?? silentLogger;
    this.fallback = options.defaults ?? {};
    this.newId = options.newId ?? randomUUID;
    this.onChanged = options.onChanged;
    this.timed = options.timed ?? ((_service, _operation, work) => work());
    this.lookout = new Lookout(this.target, this.clock, this.random);
    this.removals = new PendingRemovals(this.target, this.writes, this.clock, this.random);
  }

  async register(name: string, request: RegistrationRequest, options: CallOptions = {}): Promise<Registration> {
    return this.registerPlan(this.plan(name, request), request.id !== undefined, options);
  }

  registerAll(requests: readonly NamedRequest[], options: CallOptions = {}): Promise<readonly Registration[]> {
    return registerAll(requests, {
      plan: (name, request) => this.plan(name, request),
      isKept: (id) => this.kept.get(id)?.isKept ?? false,
      register: (plan, request) => this.registerPlan(plan, request.id !== undefined, options),
    });
  }

  async deregister(id: string, options: CallOptions = {}): Promise<void> {
    const timed = { ...options, timeoutMs: options.timeoutMs ?? defaults.registrationTimeoutMs };
    const before = this.kept.get(id);
    await withinCall(this.clock, `deregistering ${id}`, timed, async ({ signal, leftMs }) => {
      // Behind a registration of the id that is under way: the call that came last decides.
      if (before) await before.deregister({ signal, timeoutMs: leftMs() });
      else await this.writes.run(id, async () => {});
      const call = { signal, timeoutMs: leftMs() };
      const meanwhile = this.kept.get(id);
      if (meanwhile) await meanwhile.deregister(call);
      else if (!before) {
        const remove = (): Promise<void> => this.writes.run(id, () => this.target.deregister(id, call));
        await this.timed(undefined, 'deregister', remove).finally(() => this.changed(undefined));
      }
    });
  }

  registrations(): readonly Registration[] {
    return [...this.kept.values()];
  }

  async close({ deregister = false, onFailed, ...call }: ClosingOptions = {}): Promise<void> {
    this.isClosed = true;
    this.leavesNothing ||= deregister;
    this.lookout.close();
    this.removals.close();
    for (const registration of this.kept.values()) registration.stopKeeping();
    if (deregister) await this.deregisterAll(call, onFailed);
    await this.writes.idle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // ---- what its registrations need

  /** One after another in each of a few lanes. */
  inTurn(work: () => Promise<void>): Promise<void> {
    this.turns += 1;
    return this.lanes.run(String(this.turns % limits.registrationsAtOnce), work);
  }

  /** Shared by calls, so that none of them bounds it: each has bounds of its own. */
  describe(): Promise<TargetDescription> {
    const now = this.clock.now();
    if (this.described && now - this.described.at < defaults.targetDescriptionMs) return this.described.description;
    const described = { at: now, description: this.target.describe() };
    this.described = described;
    described.description.catch(() => {
      if (this.described === described) this.described = undefined;
    });
    return described.description;
  }

  letGo(registration: KeptRegistration): void {
    this.lookout.remove(registration);
    const isOver = registration.state === 'deregistered' || registration.state === 'conflict';
    if (isOver && this.kept.get(registration.id) === registration) this.kept.delete(registration.id);
  }

  doubt(registration: KeptRegistration): void {
    void this.lookout.lookAt(registration);
  }

  successorOf(registration: KeptRegistration): KeptRegistration | undefined {
    const kept = this.kept.get(registration.id);
    return kept === registration ? undefined : kept;
  }

  changed(service: string | undefined): void {
    this.onChanged?.(service);
  }

  removeLater(registration: KeptRegistration): void {
    if (!this.isClosed) this.removals.add(registration.id, registration);
  }

  // ---- steps

  private async deregisterAll(
    { signal, timeoutMs }: CallOptions,
    onFailed: (error: unknown) => void = () => {},
  ): Promise<void> {
    const dueMs = timeoutMs === undefined ? undefined : this.clock.now() + timeoutMs;
    await mapAtOnce([...this.kept.values()], limits.registrationsAtOnce, (registration) => {
      const left = dueMs === undefined ? {} : { timeoutMs: Math.max(1, dueMs - this.clock.now()) };
      return registration.deregister({ ...(signal && { signal }), ...left }).catch(onFailed);
    });
  }

  private plan(name: string, request: RegistrationRequest): RegistrationPlan {
    if (this.isClosed) throw closed();
    return planRegistration(name, request, this.fallback, this.newId);
  }

  private async registerPlan(plan: RegistrationPlan, isIdGiven: boolean, options: CallOptions): Promise<Registration> {
    const timeoutMs = options.timeoutMs ?? defaults.registrationTimeoutMs;
    const dueAt = this.clock.now() + timeoutMs;
    const registration = await this.timed(plan.service, 'register', () =>
      withinCall(this.clock, `registering ${plan.id}`, { ...options, timeoutMs }, ({ signal, leftMs }) =>
        this.writes.run(plan.id, () => this.establish(plan, isIdGiven, { signal, timeoutMs: leftMs() })),
      ),
    );
    await this.firstHeartbeats(registration, dueAt, options.signal);
    return registration;
  }

  /** Holds the queue of the id. */
  private async establish(plan: RegistrationPlan, isIdGiven: boolean, call: CallOptions): Promise<KeptRegistration> {
    if (this.isClosed) throw closed();
    const before = this.kept.get(plan.id);
    const isUpdate = before?.isKept === true && before.isSameOwner(plan);
    const registration = isUpdate ? before : new KeptRegistration(plan, this);
    if (plan.onConflict === 'refuse' && !isUpdate) await this.refuseConflict(plan, call);
    let isThere = false;
    try {
      await registration.establish(plan, call);
      isThere = true;
      if (isIdGiven && !isUpdate) await this.endDraining(plan.id, call);
      // Nobody would have it: the call has rejected already, or the registrar keeps nothing any more.
      call.signal?.throwIfAborted();
      if (this.isClosed) throw closed();
    } catch (error) {
      const failure = asDiscoveryError(error, `registering ${plan.id}`);
      if (isThere && this.leavesNothing) await this.removeLeftover(plan);
      else if (!isIdGiven && mayHaveHappened(failure)) await this.removeLeftover(plan);
      throw failure;
    }
    this.removals.forget(plan.id);
    if (!isUpdate) this.keep(registration, before);
    return registration;
  }

  /** Of a call that failed, and may have registered all the same. Once closed there is one attempt. */
  private async removeLeftover(plan: RegistrationPlan): Promise<void> {
    if (!this.isClosed) return this.removals.add(plan.id, plan);
    await this.target.deregister(plan.id).catch((error: unknown) => {
      this.logger.warn({ id: plan.id, error }, 'registration.left_behind');
    });
  }

  private keep(registration: KeptRegistration, before: KeptRegistration | undefined): void {
    if (before) {
      before.replace(registration);
      this.lookout.remove(before);
    }
    this.kept.set(registration.id, registration);
    this.lookout.add(registration);
  }

  private async refuseConflict(plan: RegistrationPlan, call: CallOptions): Promise<void> {
    const found = await this.target.read(plan.id, call);
    if (!found || (found.address === plan.address && found.port === plan.port)) return;
    if (await this.target.isServing(found.service, plan.id, call)) throw conflict(plan.id, plan, found);
  }

  /** Left by a predecessor that was draining and ended before it could deregister. */
  private async endDraining(id: string, call: CallOptions): Promise<void> {
    const reason = await this.target.maintenanceReason(id, call);
    if (reason === DRAINING) await this.target.setMaintenance(id, false, '', call);
  }

  /** Until answered, or the call's time is up: then they go on by themselves. */
  private async firstHeartbeats(
    registration: KeptRegistration,
    dueAt: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const enough = new AbortController();
    const stop = (): void => enough.abort();
    const ignore = onAbort(signal, stop);
    const started = registration.startHeartbeats();
    await Promise.race([started, pause(this.clock, dueAt - this.clock.now(), enough.signal)]);
    stop();
    ignore();
  }
}

function closed(): ServiceDiscoveryError {
  return new ServiceDiscoveryError('CLOSED', 'the registrar is closed');
}
