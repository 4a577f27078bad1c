import { inspect } from 'node:util';
import type { CallOptions, CheckStatus, ServiceDiscoveryError, ServiceRegistration } from '../../model/index.js';
import {
  asDiscoveryError,
  defaults,
  invalid,
  isDiscoveryError,
  ServiceDiscoveryError as DiscoveryError,
} from '../../model/index.js';
import type { Clock, Random } from '../../runtime/index.js';
import { EventHub, fullJitterMs, pause, withinCall } from '../../runtime/index.js';
import type { Logger } from '../../runtime/index.js';
import { checkCall } from '../call.js';
import { DRAINING, untilUnseen } from './drain.js';
import { checkReport } from './health-report.js';
import { Heartbeat } from './heartbeat.js';
import type { KeyedQueue } from './keyed-queue.js';
import type { Owner } from './owner.js';
import { conflict, isSameOwner } from './owner.js';
import type { Registration, RegistrationEvents, RegistrationState } from './registration.js';
import type { RegistrationPlan } from './registration-body.js';
import type { RegisteredInstance, RegistrationTarget, TargetDescription } from './registration-target.js';

/** Runs a call and measures it. */
export type Timed = <T>(
  service: string | undefined,
  operation: 'register' | 'deregister',
  work: () => Promise<T>,
) => Promise<T>;

/** What a kept registration needs of the registrar that made it. */
export interface Keeping {
  readonly target: RegistrationTarget;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** All writes under one id, of whoever in this process, one after another. */
  readonly writes: KeyedQueue;
  readonly isClosed: boolean;
  /** Work that puts something back, some of it at a time: an agent that restarted empty has lost everything at once. */
  inTurn(work: () => Promise<void>): Promise<void>;
  describe(): Promise<TargetDescription>;
  readonly timed: Timed;
  /** It is not to be looked at any more. */
  letGo(registration: KeptRegistration): void;
  /** The registry does not know a check of it: time to look. */
  doubt(registration: KeptRegistration): void;
  /** Another one of this process that is kept under its id now. */
  successorOf(registration: KeptRegistration): Owner | undefined;
  /** What the registry answers of the service may be another from now on. */
  changed(service: string): void;
  /** Its removal failed: to be tried again. */
  removeLater(registration: KeptRegistration): void;
}

/**
 * One registration and what becomes of it. Two things drive it: its owner's calls, and what looks at the registry find
 * (`judge`). Every write holds the queue of its id, so a call that ends it waits for a write under way and then has the
 * last word; every step after a wait looks again at `state`, which the owner's calls set before they do anything.
 */
export class KeptRegistration implements Registration {
  private current: RegistrationState = 'registered';
  private readonly hub: EventHub<RegistrationEvents>;
  /** Ends with the keeping: deregistered, taken by another owner, or the registrar closed. */
  private readonly life = new AbortController();
  private heartbeats: readonly Heartbeat[] = [];
  private writesBegun = 0;
  private writing = 0;
  private repairing = false;
  private draining: Promise<void> | undefined;
  private taken: ServiceDiscoveryError | undefined;
  private isGone = false;
  /** What an operator made of the tags, where the registration allows it. */
  private tags: readonly string[] | undefined;

  /** Last status of each TTL check. */
  private readonly reported = new Map<string, CheckStatus>();

  constructor(
    private plan: RegistrationPlan,
    private readonly keeping: Keeping,
  ) {
    this.hub = new EventHub(keeping.logger, 'registration.listener_failed');
  }

  get id(): string {
    return this.plan.id;
  }

  get service(): string {
    return this.plan.service;
  }

  get address(): string {
    return this.plan.address;
  }

  get port(): number {
    return this.plan.port;
  }

  get state(): RegistrationState {
    return this.current;
  }

  on<K extends keyof RegistrationEvents>(event: K, listener: (value: RegistrationEvents[K]) => void): () => void {
    return this.hub.on(event, listener);
  }

  // ---- what its owner asks for

  async report(
    status: 'passing' | 'warning' | 'critical',
    output = '',
    { signal, timeoutMs = defaults.registrationTimeoutMs }: CallOptions = {},
  ): Promise<void> {
    checkReport(status, output);
    checkCall({ signal, timeoutMs });
    if (this.current === 'deregistered') throw new DiscoveryError('CLOSED', `${this.id} is deregistered`);
    if (this.taken) throw this.taken;
    if (this.heartbeats.length === 0) throw invalid(`${this.id} has no TTL check to report to`);
    await withinCall(this.keeping.clock, `reporting ${this.id}`, { signal, timeoutMs }, () =>
      Promise.all(this.heartbeats.map((heartbeat) => heartbeat.say({ status, output }))),
    );
  }

  async drain(options: CallOptions = {}): Promise<void> {
    checkCall(options);
    if (!this.isKept && this.current !== 'draining') return;
    this.current = 'draining';
    this.draining ??= this.startDraining(options).catch((error: unknown) => {
      this.draining = undefined;
      throw error;
    });
    return this.draining;
  }

  async deregister(options: CallOptions = {}): Promise<void> {
    checkCall(options);
    const timed = { ...options, timeoutMs: options.timeoutMs ?? defaults.registrationTimeoutMs };
    return this.keeping.timed(this.service, 'deregister', () =>
      withinCall(this.keeping.clock, `deregistering ${this.id}`, timed, ({ signal, leftMs }) => {
        if (this.current !== 'deregistered') this.end('deregistered');
        return this.keeping.writes.run(this.id, () => this.remove({ signal, timeoutMs: leftMs() }));
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.deregister().catch((error: unknown) => {
      // What is registered there is not ours, so nothing of ours is left.
      if (!isDiscoveryError(error, 'CONFLICT')) throw error;
    });
  }

  /** Neither what it is made of nor what its checks send. */
  [inspect.custom](): string {
    const { service, id, state } = this;
    return `Registration { service: '${service}', id: '${id}', state: '${state}' }`;
  }

  // ---- what its registrar does; `establish` is called by who holds the queue of its id

  /** PUT, the first time and whenever the owner registers the same again. */
  async establish(plan: RegistrationPlan, call: CallOptions): Promise<void> {
    await this.put(plan, call);
    this.plan = plan;
    this.tags = undefined;
    this.noticeReturn();
  }

  /** Resolves when every TTL check was reported to once, or could not be. */
  async startHeartbeats(): Promise<void> {
    for (const heartbeat of this.heartbeats) heartbeat.stop();
    if (!this.isKept || this.keeping.isClosed) return;
    this.heartbeats = this.plan.ttlChecks.map(
      (check) =>
        new Heartbeat(check, {
          clock: this.keeping.clock,
          random: this.keeping.random,
          report: (checkId, status, output, options) => this.send(checkId, status, output, options),
          onError: (error) => this.heartbeatFailed(error),
        }),
    );
    await Promise.all(this.heartbeats.map((heartbeat) => heartbeat.start()));
  }

  /** Its owner may ask for it again and mean this one. */
  get isKept(): boolean {
    return this.current === 'registered' || this.current === 'lost';
  }

  isSameOwner(other: Owner): boolean {
    return isSameOwner(this.plan, other);
  }

  /** This process itself has registered another under its id. */
  replace(by: Owner): void {
    if (!this.isSameOwner(by)) this.yieldTo(by);
    this.stopKeeping();
  }

  /** The registrar closes: everything stays as it is. */
  stopKeeping(): void {
    this.life.abort();
    for (const heartbeat of this.heartbeats) heartbeat.stop();
  }

  failed(error: ServiceDiscoveryError): void {
    this.hub.emit('error', error);
  }

  // ---- what looks find

  /** A mark to hand back to `judge`: what was found before a write of ours, or beside one, tells nothing. */
  get mark(): number {
    return this.writing > 0 ? -1 : this.writesBegun;
  }

  judge(found: RegisteredInstance | undefined, mark: number): void {
    if (!this.isKept || this.keeping.isClosed || mark === -1 || this.mark !== mark) return;
    if (found && !this.isSameOwner(found)) this.yieldTo(found);
    else if (!found) this.noticeLoss();
    else this.noticePresence(found);
  }

  private noticePresence(found: RegisteredInstance): void {
    if (this.plan.enableTagOverride) this.tags = found.tags;
    this.noticeReturn();
  }

  private noticeReturn(): void {
    if (this.current !== 'lost') return;
    this.current = 'registered';
    this.hub.emit('restored', { id: this.id });
    for (const heartbeat of this.heartbeats) heartbeat.hurry();
  }

  private noticeLoss(): void {
    if (this.current === 'registered') {
      this.current = 'lost';
      this.hub.emit('lost', { id: this.id });
    }
    void this.repair();
  }

  private yieldTo(theirs: Owner): void {
    if (!this.isKept && this.current !== 'draining') return;
    this.taken = conflict(this.id, this.plan, theirs);
    this.end('conflict');
    this.hub.emit('conflict', this.taken);
  }

  /** One at a time; until it is there again, is no longer wanted, or belongs to somebody else. */
  private async repair(): Promise<void> {
    if (this.repairing) return;
    this.repairing = true;
    const { clock, random, writes } = this.keeping;
    const putBack = (): Promise<void> => writes.run(this.id, () => this.putBack());
    for (let failures = 0; this.isLost; failures++) {
      try {
        await this.keeping.inTurn(putBack);
      } catch (error) {
        this.failed(asDiscoveryError(error, `putting ${this.id} back`));
        const { registrationBackoffMs: baseMs, registrationBackoffCapMs: capMs } = defaults;
        await pause(clock, Math.max(baseMs, fullJitterMs(failures, { baseMs, capMs }, random)), this.life.signal);
      }
    }
    this.repairing = false;
  }

  private get isLost(): boolean {
    return this.current === 'lost' && !this.keeping.isClosed;
  }

  /** Looks once more right before it writes: somebody else may have taken the id meanwhile. */
  private async putBack(): Promise<void> {
    if (!this.isLost) return;
    const found = await this.keeping.target.read(this.id, CALL);
    if (!this.isLost) return;
    if (found && !this.isSameOwner(found)) return this.yieldTo(found);
    if (!found) await this.put(this.plan, CALL);
    if (this.isLost) this.noticeReturn();
  }

  // ---- steps

  private async put(plan: RegistrationPlan, call: CallOptions): Promise<void> {
    const body = plan.body(await this.targetFor(plan));
    await this.write(() => this.keeping.target.register(this.withTags(body, plan), call));
  }

  /** A token that may register need not be one that may read about the agent. */
  private async targetFor({ needsTarget }: RegistrationPlan): Promise<TargetDescription | undefined> {
    if (needsTarget === 'no') return undefined;
    try {
      return await this.keeping.describe();
    } catch (error) {
      if (needsTarget === 'may' && isDiscoveryError(error, 'PERMISSION_DENIED')) return undefined;
      throw error;
    }
  }

  private withTags(body: ServiceRegistration, plan: RegistrationPlan): ServiceRegistration {
    return plan === this.plan && this.tags ? { ...body, Tags: [...this.tags] } : body;
  }

  private async write<T>(act: () => Promise<T>): Promise<T> {
    this.writesBegun += 1;
    this.writing += 1;
    try {
      return await act();
    } finally {
      this.writing -= 1;
      this.keeping.changed(this.service);
    }
  }

  private end(state: 'deregistered' | 'conflict'): void {
    this.current = state;
    this.stopKeeping();
    this.keeping.letGo(this);
  }

  private async remove(call: CallOptions): Promise<void> {
    const { target } = this.keeping;
    const successor = this.keeping.successorOf(this);
    if (this.isGone || (successor && this.isSameOwner(successor))) return;
    try {
      const found = await target.read(this.id, call);
      if (found && !this.isSameOwner(found)) throw (this.taken = conflict(this.id, this.plan, found));
      if (found) await this.write(() => target.deregister(this.id, call));
      this.isGone = true;
    } catch (error) {
      if (error !== this.taken) this.keeping.removeLater(this);
      throw asDiscoveryError(error, `deregistering ${this.id}`);
    }
  }

  private async send(
    checkId: string,
    status: 'passing' | 'warning' | 'critical',
    output: string,
    options: CallOptions,
  ): Promise<void> {
    // What is lost has no check either; it is renewed at once when it is back.
    if (this.current === 'lost') return;
    await this.keeping.target.reportTtl(checkId, status, output, options);
    if (this.reported.get(checkId) === status) return;
    this.reported.set(checkId, status);
    this.keeping.changed(this.service);
  }

  private heartbeatFailed(error: ServiceDiscoveryError): void {
    this.failed(error);
    if (error.code === 'NOT_FOUND') this.keeping.doubt(this);
  }

  private async startDraining(options: CallOptions): Promise<void> {
    this.keeping.letGo(this);
    const { clock, target, writes } = this.keeping;
    const dueAt = clock.now() + (options.timeoutMs ?? defaults.drainMs);
    const timed = { ...options, timeoutMs: options.timeoutMs ?? defaults.drainMs };
    const isThere = await withinCall(clock, `draining ${this.id}`, timed, ({ signal, leftMs }) =>
      writes.run(this.id, async () => {
        if (this.current !== 'draining') return false;
        return this.write(() => this.setDraining({ signal, timeoutMs: leftMs() }));
      }),
    );
    if (!isThere) return;
    await untilUnseen({
      clock,
      dueAt,
      signal: options.signal,
      what: `draining ${this.id}`,
      isOver: () => this.current !== 'draining',
      isServing: (call) => target.isServing(this.service, this.id, call),
      onError: (error) => this.failed(error),
    });
  }

  /** False when it is not there to be drained. */
  private async setDraining(call: CallOptions): Promise<boolean> {
    try {
      await this.keeping.target.setMaintenance(this.id, true, DRAINING, call);
      return true;
    } catch (error) {
      if (isDiscoveryError(error, 'NOT_FOUND')) return false;
      throw error;
    }
  }
}

const CALL: CallOptions = { timeoutMs: defaults.registrationTimeoutMs };
