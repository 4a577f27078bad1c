type Act = () => void;

/** Who is to be told, by signal. */
const acts = new WeakMap<AbortSignal, { readonly list: Set<Act>; readonly listener: () => void }>();

/**
 * Calls `act` once when the signal aborts, at once when it already has; returns how to take it back, harmless twice. A
 * signal has one listener however many wait for it: Node warns of a leak from the eleventh on, and a caller may well
 * give one signal to a hundred calls. `act` must not throw.
 */
export function onAbort(signal: AbortSignal | undefined, act: Act): () => void {
  if (!signal) return () => {};
  if (signal.aborted) {
    act();
    return () => {};
  }
  // The same function may be given twice.
  const own = (): void => act();
  const { list } = listening(signal);
  list.add(own);
  return () => {
    if (list.delete(own) && list.size === 0) stopListening(signal);
  };
}

function listening(signal: AbortSignal): { readonly list: Set<Act> } {
  const known = acts.get(signal);
  if (known) return known;
  const list = new Set<Act>();
  const listener = (): void => {
    acts.delete(signal);
    for (const act of list) {
      list.delete(act);
      act();
    }
  };
  const entry = { list, listener };
  acts.set(signal, entry);
  signal.addEventListener('abort', listener, { once: true });
  return entry;
}

function stopListening(signal: AbortSignal): void {
  const entry = acts.get(signal);
  if (!entry) return;
  acts.delete(signal);
  signal.removeEventListener('abort', entry.listener);
}
