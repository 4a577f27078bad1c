import type { Logger } from './logger.js';

/** May be an async function, though nobody waits for it. */
type Listener<E> = (event: E) => unknown;

/** Listeners are called in order of subscription; one that throws, or rejects, is logged and harms nobody else. */
export class EventHub<E extends object> {
  private readonly listeners = new Map<keyof E, Set<Listener<E[keyof E]>>>();

  constructor(
    private readonly logger: Logger,
    /** Event name under which a listener that throws is logged. */
    private readonly failed: string,
  ) {}

  /** Returns the unsubscribe, harmless twice. The same listener may be added several times. */
  on<K extends keyof E>(name: K, listener: (event: E[K]) => void): () => void {
    const set = this.listeners.get(name) ?? new Set();
    const entry: Listener<E[keyof E]> = (event) => listener(event as E[K]);
    this.listeners.set(name, set.add(entry));
    return () => void set.delete(entry);
  }

  get isSilent(): boolean {
    return [...this.listeners.values()].every((set) => set.size === 0);
  }

  emit<K extends keyof E>(name: K, event: E[K]): void {
    const failed = (error: unknown): void => this.logger.error({ event: name, error }, this.failed);
    for (const listener of this.listeners.get(name) ?? []) {
      try {
        const result = listener(event);
        if (result instanceof Promise) result.catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  }
}
