/**
 * undici 7 calls handlers in two forms. `onRequestStart` and what belongs to it get parsed headers and a controller; the
 * older `onConnect`, `onHeaders`, … get headers as they came, and it is still the one that undici's connections, `request`
 * and `fetch` speak. Between the two undici turns headers into an object and back for every answer, a tenth of what a
 * small request costs. We never look at an answer's headers, so we speak to connections in the form of the caller.
 */
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';

export type Controller = Dispatcher.DispatchController;

/** The newer form with the headers unseen: parsed or raw, whichever the caller takes. */
export interface Receiver {
  onRequestStart?(controller: Controller, context: unknown): void;
  onResponseStarted?(): void;
  onResponseStart?(controller: Controller, status: number, headers: unknown, text?: string): void;
  onResponseData?(controller: Controller, chunk: Buffer): void;
  onResponseEnd?(controller: Controller, trailers: unknown): void;
  onRequestUpgrade?(controller: Controller, status: number, headers: unknown, socket: Duplex): void;
  onResponseError?(controller: Controller | null, error: Error): void;
}

/** What the older form gives. */
type Raw = Required<Dispatcher.DispatchHandler>;
type RawHeaders = Parameters<Raw['onHeaders']>[1];
type RawTrailers = Parameters<Raw['onComplete']>[0];

/** undici wraps a handler of the older form into one that has both; of a handler that has only the newer it is false. */
export function takesRaw(handler: Dispatcher.DispatchHandler): boolean {
  return typeof handler.onConnect === 'function' && typeof handler.onHeaders === 'function';
}

/** A caller's handler, called in the older form. */
export class RawReceiver implements Receiver {
  constructor(private readonly handler: Dispatcher.DispatchHandler) {}

  onRequestStart(controller: Controller): void {
    this.handler.onConnect?.((reason) => controller.abort(reason as Error));
  }

  onResponseStarted(): void {
    this.handler.onResponseStarted?.();
  }

  onResponseStart(controller: Controller, status: number, headers: unknown, text = ''): void {
    const resume = (): void => controller.resume();
    if (this.handler.onHeaders?.(status, headers as RawHeaders, resume, text) === false) controller.pause();
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.handler.onData?.(chunk) === false) controller.pause();
  }

  onResponseEnd(_controller: Controller, trailers: unknown): void {
    this.handler.onComplete?.(trailers as RawTrailers);
  }

  onRequestUpgrade(_controller: Controller, status: number, headers: unknown, socket: Duplex): void {
    this.handler.onUpgrade?.(status, headers as RawHeaders, socket);
  }

  onResponseError(_controller: Controller | null, error: Error): void {
    this.handler.onError?.(error);
  }
}

/** One request towards a connection in the older form, and its controller. */
export class RawRequest implements Controller {
  aborted = false;
  paused = false;
  reason: Error | null = null;
  rawHeaders: RawHeaders | null = null;
  rawTrailers: RawTrailers = null;
  private abortRequest: ((reason?: Error) => void) | undefined;
  private resumeReading: (() => void) | undefined;

  constructor(private readonly receiver: Receiver) {}

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.resumeReading?.();
  }

  abort(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.abortRequest?.(reason);
  }

  onConnect(abort: (reason?: Error) => void, context?: unknown): void {
    this.abortRequest = abort;
    this.receiver.onRequestStart?.(this, context);
  }

  onResponseStarted(): void {
    this.receiver.onResponseStarted?.();
  }

  onHeaders(status: number, headers: RawHeaders, resume: () => void, text: string): boolean {
    this.resumeReading = resume;
    this.rawHeaders = headers;
    this.receiver.onResponseStart?.(this, status, headers, text);
    return !this.paused;
  }

  onData(chunk: Buffer): boolean {
    this.receiver.onResponseData?.(this, chunk);
    return !this.paused;
  }

  onComplete(trailers: RawTrailers): void {
    this.rawTrailers = trailers;
    this.receiver.onResponseEnd?.(this, trailers);
  }

  onUpgrade(status: number, headers: RawHeaders, socket: Duplex): void {
    this.rawHeaders = headers;
    this.receiver.onRequestUpgrade?.(this, status, headers, socket);
  }

  onError(error: Error): void {
    this.receiver.onResponseError?.(this.abortRequest ? this : null, error);
  }
}
