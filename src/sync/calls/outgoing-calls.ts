import { asDiscoveryError, defaults, limits, ServiceDiscoveryError } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';
import type { AnswerMessage, Message, Origin, Position, StreamId } from '../messages.js';
import { readError } from './remote-error.js';

/** How far a stream must be known. */
export type StreamPosition = Position & { readonly stream: StreamId };

/** What came back, and where its effects can be seen. */
export interface Answered {
  readonly value: unknown;
  readonly seen: readonly StreamPosition[];
}

/** What travels with every call. */
export interface CallArguments {
  /** Of whoever asks: judged where the call is executed. */
  readonly token: string;
  /** What the caller had already done: it is to be known there first. */
  readonly needs: readonly StreamPosition[];
  readonly body: unknown;
}

export interface OutgoingCallsOptions {
  readonly clock: Clock;
  /** False when there is no connection to that agent. Throws for what cannot be sent. */
  readonly send: (to: Origin, message: Message) => boolean;
  readonly timeoutMs?: number;
}

interface Pending {
  readonly to: Origin;
  settle(answer: AnswerMessage): void;
  fail(error: ServiceDiscoveryError): void;
}

/**
 * Commands under way on other agents. A call ends with its answer, after its time, or with its connection: then nobody
 * knows whether it was executed, and `details.outcome` says so.
 */
export class OutgoingCalls {
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;

  constructor(private readonly options: OutgoingCallsOptions) {}

  get size(): number {
    return this.pending.size;
  }

  /** Rejects with UNAVAILABLE, TIMEOUT, or the error that the command ended with there. */
  ask(to: Origin, method: string, args: CallArguments): Promise<Answered> {
    if (this.pending.size >= limits.peerCallsAtOnce) {
      return Promise.reject(new ServiceDiscoveryError('RATE_LIMITED', 'too many commands wait for other agents'));
    }
    const id = ++this.lastId;
    const { clock, send, timeoutMs = defaults.peerCallTimeoutMs } = this.options;
    return new Promise((resolve, reject) => {
      const end = (): void => {
        cancel();
        this.pending.delete(id);
      };
      const fail = (error: ServiceDiscoveryError): void => {
        end();
        reject(error);
      };
      const cancel = clock.after(timeoutMs, () => fail(noAnswer(timeoutMs)));
      const settle = (answer: AnswerMessage): void => {
        if (!answer.ok) return fail(readError(answer.value));
        end();
        resolve({ value: answer.value, seen: answer.seen });
      };
      this.pending.set(id, { to, settle, fail });
      try {
        if (!send(to, { type: 'call', id, method, args })) fail(unreachable('not asked'));
      } catch (error) {
        // Longer than a frame.
        fail(asDiscoveryError(error));
      }
    });
  }

  /** An answer that nobody waits for any more, or from somebody who was not asked, is no news. */
  answered(from: Origin, answer: AnswerMessage): void {
    const pending = this.pending.get(answer.id);
    if (pending?.to === from) pending.settle(answer);
  }

  disconnected(origin: Origin): void {
    for (const pending of this.pending.values()) {
      if (pending.to === origin) pending.fail(unreachable('unknown'));
    }
  }

  close(): void {
    for (const pending of this.pending.values()) {
      pending.fail(new ServiceDiscoveryError('CLOSED', 'the agent stops', { details: { outcome: 'unknown' } }));
    }
  }
}

function unreachable(outcome: 'not asked' | 'unknown'): ServiceDiscoveryError {
  return new ServiceDiscoveryError('UNAVAILABLE', 'no connection to that agent', { details: { outcome } });
}

function noAnswer(timeoutMs: number): ServiceDiscoveryError {
  return new ServiceDiscoveryError('TIMEOUT', `no answer of that agent within ${timeoutMs} ms`, {
    details: { outcome: 'unknown' },
  });
}
