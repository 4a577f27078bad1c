import type { Duplex } from 'node:stream';
import type { PickedEndpoint } from '../../client/index.js';
import { limits, ServiceDiscoveryError, type ServiceEndpoint } from '../../model/index.js';
import { realClock } from '../../runtime/index.js';
import { isTimeout } from '../is-timeout.js';
import { isCallersFault } from './failure.js';
import type { Controller, Receiver } from './forms.js';

/** The request of which attempts are copies. */
export interface AttemptOwner extends Controller {
  readonly caller: Receiver;
  /** With several attempts under way the caller could not tell whose early hints these are. */
  readonly forwardsEarlyHints: boolean;
  /** A connection begins to send it. */
  onStarted(): void;
  /** Headers came. Returns whether the answer is the one for the caller. */
  onAnswer(attempt: Attempt, status: number): boolean;
  /** The answer was not good enough to be passed on. */
  onRefused(): void;
  /** It ended without an answer, or in the middle of the one the caller gets. `sent`: a server may have seen it. */
  onFailed(attempt: Attempt, error: Error, sent: boolean): void;
  onEnd(trailers: unknown): void;
  onUpgraded(): void;
}

/** `over`: told to nobody any more; an answer still coming in is read to its end, if that is near, for its connection. */
type State = 'waiting' | 'answering' | 'over';

/** One copy of a request on its way to one endpoint, and what the balancer is told of it. */
export class Attempt implements Receiver {
  controller: Controller | null = null;
  /** Ends the limit of its own. */
  cancelTimer: (() => void) | undefined;
  /** It failed for a reason that no other endpoint would change. */
  blameless = false;
  private state: State = 'waiting';
  private latencyMs = 0;
  private status = 0;
  private unread = 0;

  constructor(
    private readonly exchange: AttemptOwner,
    private readonly picked: PickedEndpoint,
    private readonly began: number,
  ) {}

  get endpoint(): ServiceEndpoint {
    return this.picked.endpoint;
  }

  onRequestStart(controller: Controller): void {
    this.controller = controller;
    if (this.state === 'over') controller.abort(abandoned(this.picked));
    else this.exchange.onStarted();
  }

  onResponseStarted(): void {
    if (this.state === 'waiting') this.exchange.caller.onResponseStarted?.();
  }

  onResponseStart(controller: Controller, status: number, headers: unknown, text?: string): void {
    if (this.state === 'over') return;
    const { exchange } = this;
    if (status < 200) {
      if (exchange.forwardsEarlyHints) exchange.caller.onResponseStart?.(exchange, status, headers, text);
      return;
    }
    this.controller = controller;
    this.answered(status);
    if (exchange.onAnswer(this, status)) {
      exchange.caller.onResponseStart?.(exchange, status, headers, text);
      return;
    }
    this.state = 'over';
    this.tell();
    exchange.onRefused();
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.state !== 'over') return this.exchange.caller.onResponseData?.(this.exchange, chunk);
    this.unread += chunk.length;
    if (this.unread > limits.adapterUnreadBytes) controller.abort(abandoned(this.picked));
  }

  onResponseEnd(_controller: Controller, trailers: unknown): void {
    if (this.state === 'over') return;
    this.state = 'over';
    this.tell();
    this.exchange.onEnd(trailers);
  }

  onRequestUpgrade(controller: Controller, status: number, headers: unknown, socket: Duplex): void {
    const { exchange } = this;
    this.controller = controller;
    this.answered(status);
    exchange.onAnswer(this, status);
    this.state = 'over';
    this.tell();
    exchange.onUpgraded();
    exchange.caller.onRequestUpgrade?.(exchange, status, headers, socket);
  }

  onResponseError(_controller: Controller | null, error: Error): void {
    if (this.state === 'over') return;
    this.cancelTimer?.();
    const sent = this.controller !== null;
    this.blameless = this.exchange.aborted || isCallersFault(error);
    if (this.blameless && this.state === 'answering') this.tell();
    else if (this.blameless) this.withdraw(this.exchange.reason);
    else this.picked.done({ ok: false, latencyMs: this.elapsed(), error, kind: kindOf(error, sent) });
    this.state = 'over';
    this.exchange.onFailed(this, error, sent);
  }

  /** Its answer is not wanted any more: another was first, or the caller gave up. */
  abandon(reason: Error | null): void {
    if (this.state === 'over') return;
    this.cancelTimer?.();
    this.state = 'over';
    this.withdraw(reason);
    this.controller?.abort(reason ?? abandoned(this.picked));
  }

  timeOut(afterMs: number): void {
    if (this.state !== 'waiting') return;
    const { address, port, service } = this.picked.endpoint;
    const error = new ServiceDiscoveryError(
      'TIMEOUT',
      `${service} at ${address}:${port} did not answer in ${afterMs} ms`,
    );
    const sent = this.controller !== null;
    this.state = 'over';
    this.picked.done({ ok: false, latencyMs: afterMs, error, kind: 'timeout' });
    this.exchange.onFailed(this, error, true);
    if (sent) this.controller?.abort(error);
  }

  private answered(status: number): void {
    this.cancelTimer?.();
    this.state = 'answering';
    this.status = status;
    this.latencyMs = this.elapsed();
  }

  private tell(): void {
    if (this.status < 500) return this.picked.done({ ok: true, latencyMs: this.latencyMs });
    const { service, address, port } = this.picked.endpoint;
    const error = new ServiceDiscoveryError('UNAVAILABLE', `${service} at ${address}:${port} answered ${this.status}`);
    this.picked.done({ ok: false, latencyMs: this.latencyMs, error, kind: 'response' });
  }

  /** No answer, and none awaited: nobody's fault, unless the caller's patience ended by the clock. */
  private withdraw(reason: Error | null): void {
    const timedOut = reason !== null && isTimeout(reason);
    this.picked.done({
      ok: false,
      latencyMs: this.elapsed(),
      error: reason ?? undefined,
      kind: timedOut ? 'timeout' : 'cancelled',
    });
  }

  private elapsed(): number {
    return realClock.now() - this.began;
  }
}

function kindOf(error: Error, sent: boolean): 'connect' | 'timeout' | 'response' {
  if (!sent) return 'connect';
  return isTimeout(error) ? 'timeout' : 'response';
}

function abandoned({ endpoint: { service, address, port } }: PickedEndpoint): ServiceDiscoveryError {
  return new ServiceDiscoveryError('ABORTED', `${service} at ${address}:${port}: its answer was not needed any more`);
}
