import { defaults, ServiceDiscoveryError, type Caller } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';
import type { Origin } from '../messages.js';
import { methods, type BodyOf, type MethodName, type ResultOf } from './methods.js';
import type { OutgoingCalls, StreamPosition } from './outgoing-calls.js';

export interface CommandCallerOptions {
  readonly clock: Clock;
  readonly calls: Pick<OutgoingCalls, 'ask'>;
  /** Resolves when nothing that must not be forgotten is on its way to the disk any more. */
  readonly unheld: () => Promise<void>;
  /** What this agent has done so far, as its peers are told. */
  readonly own: () => readonly StreamPosition[];
  readonly known: (needs: readonly StreamPosition[], timeoutMs: number) => Promise<void>;
}

/** Commands on other agents, answered once what they did can be read here. */
export class CommandCaller {
  constructor(private readonly options: CommandCallerOptions) {}

  /** Rejects with the error of the command there, or with UNAVAILABLE or TIMEOUT when nobody knows how it ended. */
  async call<M extends MethodName>(to: Origin, name: M, body: BodyOf<M>, caller?: Caller): Promise<ResultOf<M>> {
    const { clock, calls, unheld, own, known } = this.options;
    const dueMs = clock.now() + defaults.peerCallTimeoutMs;
    await unheld();
    const { value, seen } = await calls.ask(to, name, { token: caller?.token ?? '', needs: own(), body });
    const result = resultOf(name, value);
    await known(seen, Math.max(0, dueMs - clock.now()));
    return result;
  }
}

function resultOf<M extends MethodName>(name: M, value: unknown): ResultOf<M> {
  try {
    return methods[name].result(value) as ResultOf<M>;
  } catch (cause) {
    throw new ServiceDiscoveryError('INTERNAL', `another agent answered ${name} with something that is no answer`, {
      cause,
    });
  }
}
