import type { EndpointSet, ServiceEndpoint } from '../../model/index.js';
import { EventHub, silentLogger } from '../../runtime/index.js';
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
  /** Its log of listeners that threw is our `error` event, but for those of that event. */
  private readonly hub = new EventHub<EndpointEventMap>(
    { ...silentLogger, error: (fields) => this.threw(fields as ListenerFailure) },
    'watch.listener_failed',
  );
  private last: readonly ServiceEndpoint[] = [];

  on<K extends keyof EndpointEventMap>(event: K, listener: Listener<K>): () => void {
    return this.hub.on(event, listener);
  }

  take(set: EndpointSet): void {
    const { added, removed, changed } = differences(this.last, set.endpoints);
    this.last = set.endpoints;
    for (const endpoint of removed) this.hub.emit('removed', { endpoint, set });
    for (const { before, after } of changed) this.hub.emit('changed', { endpoint: after, before, set });
    for (const endpoint of added) this.hub.emit('added', { endpoint, set });
    this.hub.emit('set', set);
  }

  failed(error: Error): void {
    this.hub.emit('error', error);
  }

  private threw({ event, error }: ListenerFailure): void {
    if (event !== 'error') this.failed(asError(error));
  }
}

interface ListenerFailure {
  readonly event: keyof EndpointEventMap;
  readonly error: unknown;
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
