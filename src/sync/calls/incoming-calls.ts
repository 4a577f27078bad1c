import { z } from 'zod';
import { invalid, isDiscoveryError, limits, ServiceDiscoveryError, type RegistryCommands } from '../../model/index.js';
import type { AnswerMessage, Message, Origin } from '../messages.js';
import { methodOf, type Method } from './methods.js';
import type { StreamPosition } from './outgoing-calls.js';
import { sayError } from './remote-error.js';

type CallMessage = Message & { readonly type: 'call' };

export interface IncomingCallsOptions {
  readonly commands: RegistryCommands;
  /** Throws for what cannot be said. */
  readonly send: (to: Origin, message: AnswerMessage) => void;
  /** Resolves when nothing that must not be forgotten is on its way to the disk any more. */
  readonly unheld: () => Promise<void>;
  /** Resolves when these are known here, and not later than a caller would wait. */
  readonly known: (needs: readonly StreamPosition[]) => Promise<void>;
  /** Throws when that agent may not ask, or this one not decide, what the method is about. */
  readonly refuse: (method: Method<unknown, unknown>, from: Origin) => void;
  /** Where the effects of what was just executed can be seen. */
  readonly seen: (method: Method<unknown, unknown>) => readonly StreamPosition[];
}

const callArguments = z.object({
  token: z.string(),
  needs: z.array(z.object({ stream: z.string(), inc: z.number(), ver: z.number() })).max(8),
  body: z.unknown(),
});

/** Commands that other agents ask of this one: each is answered once, whatever was asked. */
export class IncomingCalls {
  private readonly underWay = new Map<Origin, number>();

  constructor(private readonly options: IncomingCallsOptions) {}

  /** Never throws and never rejects. */
  async take(from: Origin, call: CallMessage): Promise<void> {
    const answer = await this.answerTo(from, call);
    await this.options.unheld();
    try {
      this.options.send(from, answer);
    } catch (error) {
      // Longer than a frame.
      this.options.send(from, failure(call.id, error));
    }
  }

  private async answerTo(from: Origin, { id, method: name, args }: CallMessage): Promise<AnswerMessage> {
    try {
      const { value, seen } = await this.bounded(from, () => this.execute(from, name, args));
      return { type: 'answer', id, ok: true, value: value ?? null, seen };
    } catch (error) {
      return failure(id, malformed(error, name));
    }
  }

  private async execute(
    from: Origin,
    name: string,
    args: unknown,
  ): Promise<{ value: unknown; seen: readonly StreamPosition[] }> {
    const method = methodOf(name);
    if (!method) throw new ServiceDiscoveryError('UNSUPPORTED', `this agent knows no command ${JSON.stringify(name)}`);
    const { token, needs, body } = callArguments.parse(args);
    const command = method.body(body);
    await this.options.known(needs);
    // Asked last: what was true before waiting need not be true now, and from here on nothing waits.
    this.options.refuse(method, from);
    const value = await method.run(this.options.commands, command, { token });
    return { value, seen: this.options.seen(method) };
  }

  /** One peer cannot make us hold more than so many of its commands. */
  private async bounded<T>(from: Origin, work: () => Promise<T>): Promise<T> {
    const count = this.underWay.get(from) ?? 0;
    if (count >= limits.peerCallsAtOnce) {
      throw new ServiceDiscoveryError('RATE_LIMITED', 'this agent executes too many commands of that one already');
    }
    this.underWay.set(from, count + 1);
    try {
      return await work();
    } finally {
      const left = (this.underWay.get(from) ?? 1) - 1;
      if (left > 0) this.underWay.set(from, left);
      else this.underWay.delete(from);
    }
  }
}

function failure(id: number, error: unknown): AnswerMessage {
  return { type: 'answer', id, ok: false, value: sayError(error), seen: [] };
}

/** What zod says of a body is of no use to a client of another agent. */
function malformed(error: unknown, name: string): unknown {
  return error instanceof z.ZodError && !isDiscoveryError(error)
    ? invalid(`the command ${name} came with arguments that are none`)
    : error;
}
