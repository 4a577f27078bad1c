import { errorMonitor } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Outcome } from '../../balancer/index.js';
import type { PickedEndpoint } from '../../client/index.js';
import { ServiceDiscoveryError } from '../../model/index.js';
import { realClock } from '../../runtime/index.js';
import { isTimeout } from '../is-timeout.js';

/**
 * Follows one request of node:http to tell the balancer how it ended, without a trace in how the request behaves to its
 * owner: no `error` listener that would hide an error, no `response` listener that would leave an answer unread.
 */
export class TrackedRequest {
  /** The owner took it back: not the endpoint's fault. */
  cancelled = false;
  /** What it was taken back with. */
  cancelReason: Error | undefined;
  private picked: PickedEndpoint | undefined;
  private began = 0;
  private latencyMs: number | undefined;
  private error: Error | undefined;
  private onCancel: (() => void) | undefined;

  constructor(private readonly request: ClientRequest) {
    this.noticeCancel();
    request.once(errorMonitor, (error: Error) => (this.error = error));
    request.once('socket', () => this.timeHeaders());
    request.once('close', () => this.finish());
  }

  /** Calls `then` when the owner takes it back while no socket is there to tell. Undefined: no more. */
  whenCancelled(then: (() => void) | undefined): void {
    this.onCancel = then;
  }

  /** This endpoint is to answer it; what a former one is told is the caller's affair. */
  sentTo(picked: PickedEndpoint): void {
    this.picked = picked;
    this.began = realClock.now();
  }

  /**
   * `destroy` says nothing until there is a socket, and afterwards looks like a reset by the server; so it is seen on
   * the request itself. Signals, timeouts and `abort()` all come through it.
   */
  private noticeCancel(): void {
    const { request } = this;
    const destroy = request.destroy;
    request.destroy = (error) => {
      if (!request.destroyed) {
        this.cancelled = true;
        this.cancelReason = error;
      }
      destroy.call(request, error);
      this.onCancel?.();
      return request;
    };
  }

  private timeHeaders(): void {
    // Whoever wants the answer has asked for it by now; nobody's answer is thrown away by Node, unless we listen.
    if (this.request.listenerCount('response') === 0) return;
    this.request.once('response', () => (this.latencyMs = this.elapsed()));
  }

  private finish(): void {
    this.picked?.done(this.outcome());
  }

  private outcome(): Outcome {
    const latencyMs = this.latencyMs ?? this.elapsed();
    const answer = (this.request as { res?: IncomingMessage | null }).res;
    if (this.cancelled && !answer) return this.takenBack(latencyMs);
    if (this.cancelled) return { ok: (answer?.statusCode ?? 200) < 500, latencyMs };
    if (this.error) return { ok: false, latencyMs, error: this.error };
    if (answer && answer.statusCode !== undefined && answer.statusCode < 500 && answer.complete) {
      return { ok: true, latencyMs };
    }
    return { ok: false, latencyMs, error: this.unanswered(answer) };
  }

  /** Nobody's fault, unless the owner's patience ended by the clock. */
  private takenBack(latencyMs: number): Outcome {
    const { cancelReason: error } = this;
    const timedOut = error !== undefined && isTimeout(error);
    return { ok: false, latencyMs, error, kind: timedOut ? 'timeout' : 'cancelled' };
  }

  private unanswered(answer: IncomingMessage | null | undefined): Error {
    const what = answer?.complete ? `answered ${answer.statusCode}` : 'did not finish its answer';
    return new ServiceDiscoveryError('UNAVAILABLE', `${this.picked?.endpoint.service ?? ''} ${what}`.trimStart());
  }

  private elapsed(): number {
    return realClock.now() - this.began;
  }
}
