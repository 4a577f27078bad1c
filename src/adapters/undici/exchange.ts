/**
 * One request of a caller, answered by one of the instances of a service: several attempts at most, one after another,
 * or two at once when hedged, of which the caller sees exactly one. Towards the caller's handler this is the controller of
 * the request; each attempt is a handler of its own towards undici.
 *
 * An attempt that failed before undici handed it to a connection has sent nothing: it may be repeated whatever the method,
 * and takes nothing from the retry budget, for no server saw it. Anything later is repeated only when the request is
 * idempotent, its body can be sent again, and the budget allows. Once an answer's headers went to the caller its fate is
 * the caller's.
 */
import type { Dispatcher } from 'undici';
import { endpointKey, type PickHint } from '../../balancer/index.js';
import type { PickedEndpoint } from '../../client/index.js';
import { ServiceDiscoveryError } from '../../model/index.js';
import { realClock } from '../../runtime/index.js';
import { Attempt, type AttemptOwner } from './attempt.js';
import { type Controller, RawReceiver, RawRequest, type Receiver, takesRaw } from './forms.js';
import { canBeSentAgain, isIdempotent } from './repeatable.js';
import type { ServiceOrigin } from './service-origin.js';

export interface ExchangeOptions {
  readonly attempts: number;
  readonly hedge: boolean;
  readonly attemptTimeoutMs: number | undefined;
  readonly retryStatuses: ReadonlySet<number>;
  readonly key: ((request: Dispatcher.DispatchOptions) => string | undefined) | undefined;
}

export class Exchange implements AttemptOwner {
  aborted = false;
  paused = false;
  reason: Error | null = null;
  readonly caller: Receiver;
  private readonly raw: boolean;
  private ended = false;
  /** Whose answer the caller gets. */
  private winner: Attempt | undefined;
  /** Under way, without an answer. */
  private live: Attempt[] = [];
  private made = 0;
  private bodyTouched = false;
  private tried: Set<string> | undefined;
  private waiting: AbortController | undefined;
  private cancelHedge: (() => void) | undefined;

  constructor(
    private readonly dispatch: Dispatcher.Dispatch,
    private readonly request: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
    private readonly origin: ServiceOrigin,
    private readonly options: ExchangeOptions,
  ) {
    this.raw = takesRaw(handler);
    this.caller = this.raw ? new RawReceiver(handler) : handler;
  }

  /** What `dispatch` returns: false when the connection is busy. */
  start(): boolean {
    this.caller.onRequestStart?.(this, undefined);
    if (this.ended) return true;
    const accepted = this.next();
    if (this.options.hedge && !this.ended && this.repeatable) this.armHedge();
    return accepted;
  }

  // ---- towards the caller

  get rawHeaders(): Controller['rawHeaders'] {
    return this.winner?.controller?.rawHeaders;
  }

  get rawTrailers(): Controller['rawTrailers'] {
    return this.winner?.controller?.rawTrailers;
  }

  pause(): void {
    this.paused = true;
    this.winner?.controller?.pause();
  }

  resume(): void {
    this.paused = false;
    this.winner?.controller?.resume();
  }

  abort(reason?: Error): void {
    if (this.aborted || this.ended) return;
    this.aborted = true;
    this.reason =
      reason ?? new ServiceDiscoveryError('ABORTED', `the request to ${this.origin.resolution.service} was aborted`);
    // The connection's own end of it comes back through the attempt, as for any other request.
    if (this.winner) this.winner.controller?.abort(this.reason);
    else this.fail(this.reason);
  }

  // ---- from the attempts

  onStarted(): void {
    this.bodyTouched = true;
  }

  onAnswer(attempt: Attempt, status: number): boolean {
    this.leave(attempt);
    if (this.options.retryStatuses.has(status) && this.mayReplace(attempt)) return false;
    this.winner = attempt;
    this.settle();
    if (this.paused) attempt.controller?.pause();
    return true;
  }

  onRefused(): void {
    if (this.live.length === 0) this.next();
  }

  onFailed(attempt: Attempt, error: Error, sent: boolean): void {
    if (this.winner === attempt) return this.finish(() => this.caller.onResponseError?.(this, error));
    if (!this.leave(attempt) || this.ended || this.live.length > 0) return;
    this.exclude(attempt);
    if (attempt.blameless || !this.mayRepeat(sent)) return this.fail(error);
    this.next();
  }

  onEnd(trailers: Parameters<AttemptOwner['onEnd']>[0]): void {
    this.finish(() => this.caller.onResponseEnd?.(this, trailers));
  }

  onUpgraded(): void {
    this.ended = true;
  }

  get forwardsEarlyHints(): boolean {
    return this.made === 1;
  }

  // ---- inside

  private get repeatable(): boolean {
    return isIdempotent(this.request) && canBeSentAgain(this.request.body);
  }

  private next(): boolean {
    const pick = this.origin.resolution.pick(this.hint());
    if (pick.type === 'endpoint') return this.send(pick);
    if (pick.error.code === 'NOT_READY' && this.waiting === undefined) {
      void this.sendWhenReady();
      return true;
    }
    this.fail(pick.error);
    return true;
  }

  private hint(): PickHint | undefined {
    const key = this.options.key?.(this.request);
    if (key === undefined && this.tried === undefined) return undefined;
    return { ...(key !== undefined && { key }), ...(this.tried && { exclude: this.tried }) };
  }

  private async sendWhenReady(): Promise<void> {
    this.waiting = new AbortController();
    try {
      await this.origin.resolution.ready({ signal: this.waiting.signal });
    } catch (error) {
      return this.fail(error as Error);
    }
    if (!this.ended) this.next();
  }

  private send(pick: PickedEndpoint): boolean {
    this.made++;
    const attempt = new Attempt(this, pick, realClock.now());
    this.live.push(attempt);
    const limit = this.options.attemptTimeoutMs;
    if (limit !== undefined) attempt.cancelTimer = realClock.after(limit, () => attempt.timeOut(limit));
    try {
      const handler = this.raw ? new RawRequest(attempt) : (attempt as Dispatcher.DispatchHandler);
      return this.dispatch(this.origin.addressed(this.request, pick.endpoint), handler);
    } catch (error) {
      attempt.onResponseError(null, error as Error);
      return true;
    }
  }

  private armHedge(): void {
    const after = this.origin.resolution.hedgeAfterMs();
    if (after === undefined) return;
    this.cancelHedge = realClock.after(after, () => {
      if (this.ended || this.winner || this.made >= this.options.attempts || this.live.length === 0) return;
      for (const attempt of this.live) this.exclude(attempt);
      if (this.somewhereElse() && this.origin.resolution.mayHedge()) this.hedge();
    });
  }

  /** None to be had is no harm: the first copy is still under way. */
  private hedge(): void {
    const pick = this.origin.resolution.pick(this.hint());
    if (pick.type === 'endpoint') this.send(pick);
  }

  private mayReplace(attempt: Attempt): boolean {
    if (this.live.length > 0) return true;
    this.exclude(attempt);
    return (
      this.made < this.options.attempts && this.repeatable && this.somewhereElse() && this.origin.resolution.mayRetry()
    );
  }

  private mayRepeat(sent: boolean): boolean {
    if (this.made >= this.options.attempts) return false;
    if (sent) return this.repeatable && this.origin.resolution.mayRetry();
    return this.somewhereElse() && (!this.bodyTouched || canBeSentAgain(this.request.body));
  }

  private somewhereElse(): boolean {
    const { tried } = this;
    return (
      this.origin.resolution.current?.endpoints.some((endpoint) => tried?.has(endpointKey(endpoint)) !== true) ?? false
    );
  }

  private leave(attempt: Attempt): boolean {
    const at = this.live.indexOf(attempt);
    if (at < 0) return false;
    if (this.live.length === 1) this.live.pop();
    else this.live.splice(at, 1);
    return true;
  }

  private exclude({ endpoint }: Attempt): void {
    (this.tried ??= new Set()).add(endpointKey(endpoint));
  }

  private fail(error: Error): void {
    if (this.ended || this.winner) return;
    this.finish(() => this.caller.onResponseError?.(this, error));
  }

  private finish(tell: () => void): void {
    if (this.ended) return;
    this.ended = true;
    this.settle();
    tell();
  }

  /** Nothing more is awaited from anybody but the winner. */
  private settle(): void {
    this.cancelHedge?.();
    this.waiting?.abort();
    if (this.live.length === 0) return;
    for (const attempt of this.live.splice(0)) attempt.abandon(this.reason);
  }
}
