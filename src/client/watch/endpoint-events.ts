import type { EndpointSet, ServiceEndpoint } from '../../model/index.js';
import { differences } from '../endpoint-sets.js';

export interface EndpointEventMap {
  /** Of the first set: each of its endpoints. */
  added: { readonly endpoint: ServiceEndpoint; readonly set: EndpointSet };
  removed: { readonly endpoint: ServiceEndpoint; readonly set: EndpointSet };
  /** Same `endpointKey`, something else is different: health, weight, tags, metadata… */
  changed: { readonly endpoint: ServiceEndpoint; readonly before: ServiceEndpoint; readonly set: EndpointSet };
  /** Every set, after the events of what is different in it; also one that only became stale or fresh. */
  set: EndpointSet;
  /** An attempt that failed, a listener that threw, or what ended the watch. Nothing happens without a listener. */
  error: Error;
}

type Listener<K extends keyof EndpointEventMap> = (event: EndpointEventMap[K]) => unknown;

/** A watch told as what came, went and changed. Keeps listening until it is closed. */
export interface EndpointEvents extends AsyncDisposable {
  /** Returns the unsubscribe, harmless twice. Nothing is told before the current turn of the event loop is over. */
  on<K extends keyof EndpointEventMap>(event: K, listener: Listener<K>): () => void;
  close(): Promise<void>;
}

/** Sets in, events out. */
export class EndpointEventFace {
  private readonly listeners = new Map<keyof EndpointEventMap, Set<Listener<never>>>();
  private last: readonly ServiceEndpoint[] = [];

  on<K extends keyof EndpointEventMap>(event: K, listener: Listener<K>): () => void {
    const entries = this.listeners.get(event) ?? new Set();
    const entry = (value: EndpointEventMap[K]): unknown => listener(value);
    this.listeners.set(event, entries.add(entry));
    return () => void entries.delete(entry);
  }

  take(set: EndpointSet): void {
    const { added, removed, changed } = differences(this.last, set.endpoints);
    this.last = set.endpoints;
    for (const endpoint of removed) this.tell('removed', { endpoint, set });
    for (const { before, after } of changed) this.tell('changed', { endpoint: after, before, set });
    for (const endpoint of added) this.tell('added', { endpoint, set });
    this.tell('set', set);
  }

  failed(error: Error): void {
    this.tell('error', error);
  }

  private tell<K extends keyof EndpointEventMap>(event: K, value: EndpointEventMap[K]): void {
    for (const listener of this.listeners.get(event) ?? []) void this.call(event, listener as Listener<K>, value);
  }

  /** A listener that throws, or whose promise rejects, is an error event, unless it listens to those. */
  private async call<K extends keyof EndpointEventMap>(
    event: K,
    listener: Listener<K>,
    value: EndpointEventMap[K],
  ): Promise<void> {
    try {
      await listener(value);
    } catch (error) {
      if (event !== 'error') this.failed(asError(error));
    }
  }
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
