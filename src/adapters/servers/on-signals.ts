type Leave = () => Promise<void>;

/** By signal, the services of this process that leave on it: the process may end once the last of them has. */
const waiting = new Map<NodeJS.Signals, { readonly leaves: Set<Leave>; readonly listener: () => void }>();

/**
 * Calls `leave` on the signals (true: SIGTERM), then ends the process with code 0. A second signal does what it does by
 * default. Returns how to take it back, harmless twice.
 */
export function onSignals(signals: boolean | readonly NodeJS.Signals[] | undefined, leave: Leave): () => void {
  const named: readonly NodeJS.Signals[] = signals === true ? ['SIGTERM'] : signals || [];
  for (const signal of named) listen(signal).add(leave);
  return () => {
    for (const signal of named) {
      const leaves = waiting.get(signal)?.leaves;
      leaves?.delete(leave);
      if (leaves?.size === 0) forget(signal);
    }
  };
}

function listen(signal: NodeJS.Signals): Set<Leave> {
  const known = waiting.get(signal);
  if (known) return known.leaves;
  const leaves = new Set<Leave>();
  const listener = (): void => {
    forget(signal);
    void Promise.all([...leaves].map((leave) => leave())).then(() => process.exit(0));
  };
  waiting.set(signal, { leaves, listener });
  process.on(signal, listener);
  return leaves;
}

function forget(signal: NodeJS.Signals): void {
  const known = waiting.get(signal);
  if (!known) return;
  waiting.delete(signal);
  process.off(signal, known.listener);
}
