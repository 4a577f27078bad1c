import { ServiceDiscoveryError } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';
import type { BlockingRead, BlockingTurn, ConsulAnswer } from '../answer.js';

export type TurnOutcome<T> =
  | { readonly type: 'answered'; readonly answer: ConsulAnswer<T> }
  | { readonly type: 'failed'; readonly error: unknown };

/**
 * One read, over by its deadline or the abort whether or not the read listens to either. Never rejects. Leaves no timer and
 * no listener; a read that never settles is forgotten.
 */
export function takeTurn<T>(
  read: BlockingRead<T>,
  turn: Omit<BlockingTurn, 'signal'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<TurnOutcome<T>> {
  return new Promise((resolve) => {
    const own = new AbortController();
    const finish = (outcome: TurnOutcome<T>): void => {
      cancel();
      signal.removeEventListener('abort', onAbort);
      resolve(outcome);
    };
    const giveUp = (error: unknown): void => {
      finish({ type: 'failed', error });
      own.abort(error);
    };
    const onAbort = (): void => giveUp(signal.reason);
    const cancel = clock.after(turn.timeoutMs, () => giveUp(tooLate(turn)));
    signal.addEventListener('abort', onAbort);
    begin(read, { ...turn, signal: own.signal }).then(
      (answer) => finish({ type: 'answered', answer }),
      (error: unknown) => finish({ type: 'failed', error }),
    );
  });
}

/** A throw before the promise is a rejection too. */
async function begin<T>(read: BlockingRead<T>, turn: BlockingTurn): Promise<ConsulAnswer<T>> {
  return await read(turn);
}

function tooLate({ index, timeoutMs, waitMs }: Omit<BlockingTurn, 'signal'>): ServiceDiscoveryError {
  const asked = index === 0 ? 'to answer at once' : `to wait ${waitMs} ms`;
  return new ServiceDiscoveryError('TIMEOUT', `no answer within ${timeoutMs} ms from an agent asked ${asked}`, {
    details: { timeoutMs, waitMs, index },
  });
}
