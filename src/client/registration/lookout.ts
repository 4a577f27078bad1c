import type { CallOptions } from '../../model/index.js';
import { asDiscoveryError, defaults, limits } from '../../model/index.js';
import type { Clock, Random } from '../../runtime/index.js';
import { fullJitterMs, pause } from '../../runtime/index.js';
import type { KeptRegistration } from './kept-registration.js';
import type { RegisteredInstance, RegistrationTarget } from './registration-target.js';

/**
 * Finds out when the registry has lost a registration. A few are watched each, of many one, by a standing question that is answered
 * when something about the instance changes: a loss is noticed at once, and an agent that came back empty at the first
 * question it answers. All of them are looked at every five seconds or so as well, because a standing question may be lost:
 * one by one when they are few, by one list when they are many. No look overlaps another; failed ones come later and
 * later.
 */
export class Lookout {
  private readonly kept = new Map<KeptRegistration, AbortController | undefined>();
  private readonly life = new AbortController();
  private looking: AbortController | undefined;

  constructor(
    private readonly target: RegistrationTarget,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  add(registration: KeptRegistration): void {
    if (this.life.signal.aborted || this.kept.has(registration)) return;
    this.kept.set(registration, undefined);
    this.arrangeWatches();
    if (!this.looking) void this.lookOften((this.looking = new AbortController()));
  }

  remove(registration: KeptRegistration): void {
    this.kept.get(registration)?.abort();
    this.kept.delete(registration);
    if (this.kept.size === 0) this.stopLooking();
    else this.arrangeWatches();
  }

  /** Looks at this one now. */
  async lookAt(registration: KeptRegistration): Promise<void> {
    const { mark } = registration;
    try {
      registration.judge(await this.target.read(registration.id, CALL), mark);
    } catch (error) {
      registration.failed(asDiscoveryError(error, `looking for ${registration.id}`));
    }
  }

  close(): void {
    this.life.abort();
    for (const watch of this.kept.values()) watch?.abort();
    this.kept.clear();
    this.stopLooking();
  }

  private stopLooking(): void {
    this.looking?.abort();
    this.looking = undefined;
  }

  private async lookOften({ signal }: AbortController): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      await pause(this.clock, this.gapMs(failures), signal);
      if (signal.aborted) return;
      failures = (await this.look(signal)) ? 0 : failures + 1;
    }
  }

  private gapMs(failures: number): number {
    const everyMs = defaults.registrationLookMs * (0.75 + 0.5 * this.random.next());
    const { registrationBackoffMs: baseMs } = defaults;
    // The first look after a failure comes sooner: a registry that restarts may have forgotten everything.
    const retryMs = fullJitterMs(failures, { baseMs, capMs: defaults.registrationLookMs }, this.random);
    return failures === 0 ? everyMs : Math.max(baseMs, retryMs);
  }

  /** False when the registry could not be asked. */
  private async look(signal: AbortSignal): Promise<boolean> {
    const marks = [...this.kept.keys()].map((registration) => [registration, registration.mark] as const);
    const isFew = marks.length <= limits.registrationsWatched;
    try {
      const find = isFew ? (id: string) => this.target.read(id, { ...CALL, signal }) : await this.listed(signal);
      for (const [registration, mark] of marks) registration.judge(await find(registration.id), mark);
      return true;
    } catch (error) {
      if (signal.aborted) return true;
      const failure = asDiscoveryError(error, 'looking for lost registrations');
      for (const [registration] of marks) if (registration.isKept) registration.failed(failure);
      return false;
    }
  }

  private async listed(signal: AbortSignal): Promise<(id: string) => RegisteredInstance | undefined> {
    const all = await this.target.list({ ...CALL, signal });
    return (id) => all.get(id);
  }

  private arrangeWatches(): void {
    // Of many, one: a registry that is gone without a word is noticed by the question that stands there.
    let left = this.kept.size <= limits.registrationsWatched ? this.kept.size : 1;
    for (const [registration, watch] of this.kept) {
      const isWatched = left-- > 0;
      if (isWatched && !watch) {
        const begun = new AbortController();
        this.kept.set(registration, begun);
        void this.watch(registration, begun.signal);
      }
      if (!isWatched && watch) {
        watch.abort();
        this.kept.set(registration, undefined);
      }
    }
  }

  /** A turn takes half a second at least, whatever the answers are like. */
  private async watch(registration: KeptRegistration, signal: AbortSignal): Promise<void> {
    let known: RegisteredInstance | undefined;
    let failures = 0;
    while (!signal.aborted) {
      const begunAt = this.clock.now();
      const { mark, id } = registration;
      try {
        known = known ? await this.target.readChanged(known, signal) : await this.target.read(id, { ...CALL, signal });
        if (signal.aborted) return;
        failures = 0;
        registration.judge(known, mark);
      } catch {
        // The look beside this one tells of it.
        if (signal.aborted) return;
        known = undefined;
        failures += 1;
      }
      const { registrationBackoffMs: baseMs, registrationBackoffCapMs: capMs } = defaults;
      const restMs = defaults.registrationWatchPaceMs - (this.clock.now() - begunAt);
      await pause(
        this.clock,
        failures > 0 ? Math.max(baseMs, fullJitterMs(failures, { baseMs, capMs }, this.random)) : Math.max(1, restMs),
        signal,
      );
    }
  }
}

const CALL: CallOptions = { timeoutMs: defaults.registrationTimeoutMs };
