import type { Logger } from '../../runtime/index.js';

/** Listeners by event. One that throws, or whose promise rejects, is reported and harms nobody. */
export class Emitter<Events extends object> {
  private readonly listeners = new Map<keyof Events, Set<(value: never) => unknown>>();

  constructor(
    private readonly logger: Logger,
    private readonly onListenerError: (error: unknown) => void = () => {},
  ) {}

  /** Returns the unsubscribe, harmless twice. */
  on<K extends keyof Events>(event: K, listener: (value: Events[K]) => unknown): () => void {
    const set = this.listeners.get(event) ?? new Set();
    // One entry a subscription, so that the same function given twice is called twice and taken off one by one.
    const entry = (value: Events[K]): unknown => listener(value);
    this.listeners.set(event, set.add(entry));
    return () => void set.delete(entry);
  }

  has(event: keyof Events): boolean {
    return (this.listeners.get(event)?.size ?? 0) > 0;
  }

  emit<K extends keyof Events>(event: K, value: Events[K]): void {
    for (const listener of this.listeners.get(event) ?? [])
      void this.call(event, listener as (value: Events[K]) => unknown, value);
  }

  clear(): void {
    this.listeners.clear();
  }

  private async call<K extends keyof Events>(
    event: K,
    listener: (value: Events[K]) => unknown,
    value: Events[K],
  ): Promise<void> {
    try {
      await listener(value);
    } catch (error) {
      this.logger.error({ event, error }, 'discovery.listener_failed');
      // An error listener that fails must not be told of its own failure for ever.
      if (event !== 'error') this.onListenerError(error);
    }
  }
}
