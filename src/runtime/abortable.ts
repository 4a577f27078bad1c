import { onAbort } from './on-abort.js';

/** An iteration that can be left at any moment. */
export interface AbortableIteration<T> extends AsyncIterableIterator<T, void, undefined>, AsyncDisposable {
  /** Ends it at once, also while a `next` is pending, which then resolves as done. Harmless twice. */
  return(): Promise<IteratorResult<T, void>>;
}

/**
 * A generator whose `return` need not wait for what it waits for: that of a bare async generator stands in line behind
 * the pending `next`. `iterate` is given a signal that aborts on `return` and when the outer signal does, and must then
 * end soon. Nothing begins, and no listener is set, before the first `next`.
 */
export function abortable<T>(
  outer: AbortSignal | undefined,
  iterate: (signal: AbortSignal) => AsyncGenerator<T, void, undefined>,
): AbortableIteration<T> {
  const own = new AbortController();
  const generator = following(outer, own, iterate);
  const leave = (): Promise<IteratorResult<T, void>> => {
    own.abort();
    return generator.return();
  };
  return {
    next: () => generator.next(),
    return: leave,
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await leave();
    },
  };
}

async function* following<T>(
  outer: AbortSignal | undefined,
  own: AbortController,
  iterate: (signal: AbortSignal) => AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  const ignore = onAbort(outer, () => own.abort(outer?.reason));
  try {
    if (!own.signal.aborted) yield* iterate(own.signal);
  } finally {
    ignore();
  }
}
