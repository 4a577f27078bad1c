import { isDiscoveryError, ServiceDiscoveryError, type ErrorCode } from '../../model/index.js';
import { pause, type Clock, type Random } from '../../runtime/index.js';
import type { ConfigUpdate, ConfigValue } from './events.js';

/** Everything under one scope at one moment. */
export interface ConfigState {
  readonly index: number;
  readonly entries: ReadonlyMap<string, ConfigValue>;
}

/** Where configuration comes from: the state now and after every change, until the signal aborts. Ends by itself never. */
export type ConfigSource = (
  source: ConfigUpdate['source'],
  scope: string,
  signal: AbortSignal,
) => AsyncIterable<ConfigState>;

interface Scope {
  readonly key: string;
  readonly stop: AbortController;
  readonly listeners: Set<(update: ConfigUpdate) => void>;
  state: ConfigState;
}

const nothing: ConfigState = { index: 0, entries: new Map() };
const RESTART_MS = 5_000;
const FINAL: ReadonlySet<ErrorCode> = new Set(['INVALID_ARGUMENT', 'UNSUPPORTED', 'CLOSED']);

/** One watch per scope, however many listen; a new listener is told of what is there first. */
export class ConfigWatches {
  private readonly scopes = new Map<string, Scope>();
  private closed = false;

  constructor(
    /** None: the backend holds no configuration. */
    private readonly source: ConfigSource | undefined,
    private readonly onError: (error: unknown) => void,
    private readonly time: { readonly clock: Clock; readonly random: Random },
  ) {}

  /** Throws UNSUPPORTED where the backend holds no configuration. */
  listen(source: ConfigUpdate['source'], name: string, listener: (update: ConfigUpdate) => void): () => void {
    if (this.closed) return () => {};
    if (!this.source) throw noConfiguration();
    const key = `${source} ${name}`;
    const scope = this.scopes.get(key) ?? this.open(key, source, name, this.source);
    const entry = (update: ConfigUpdate): void => listener(update);
    scope.listeners.add(entry);
    const present = differences(source, name, nothing, scope.state);
    if (present) entry(present);
    return () => {
      scope.listeners.delete(entry);
      if (scope.listeners.size > 0 || this.scopes.get(key) !== scope) return;
      this.scopes.delete(key);
      scope.stop.abort();
    };
  }

  close(): void {
    this.closed = true;
    for (const { stop } of this.scopes.values()) stop.abort();
    this.scopes.clear();
  }

  private open(key: string, source: ConfigUpdate['source'], name: string, states: ConfigSource): Scope {
    const scope: Scope = { key, stop: new AbortController(), listeners: new Set(), state: nothing };
    this.scopes.set(key, scope);
    void this.follow(scope, source, name, states);
    return scope;
  }

  /**
   * Not even a source that breaks its promise and throws ends a watch for good; only what trying again cannot mend does:
   * a kind that there is not.
   */
  private async follow(
    scope: Scope,
    source: ConfigUpdate['source'],
    name: string,
    states: ConfigSource,
  ): Promise<void> {
    const { signal } = scope.stop;
    const { clock, random } = this.time;
    while (!signal.aborted) {
      try {
        for await (const state of states(source, name, signal)) {
          if (signal.aborted) return;
          const update = differences(source, name, scope.state, state);
          scope.state = state;
          if (update) for (const listener of scope.listeners) listener(update);
        }
      } catch (error) {
        if (signal.aborted) return;
        this.onError(error);
        if (isDiscoveryError(error) && FINAL.has(error.code)) return void this.scopes.delete(scope.key);
      }
      await pause(clock, RESTART_MS * (0.5 + random.next()), signal);
    }
  }
}

/** Undefined when nothing changed. An entry is the same while its bytes are, whatever its index. */
function differences(
  source: ConfigUpdate['source'],
  scope: string,
  before: ConfigState,
  after: ConfigState,
): ConfigUpdate | undefined {
  const added: string[] = [];
  const changed: string[] = [];
  for (const [key, value] of after.entries) {
    const old = before.entries.get(key);
    if (!old) added.push(key);
    else if (Buffer.compare(old.bytes, value.bytes) !== 0) changed.push(key);
  }
  const removed = [...before.entries.keys()].filter((key) => !after.entries.has(key));
  if (added.length + changed.length + removed.length === 0) return undefined;
  return { source, scope, index: after.index, entries: after.entries, added, changed, removed };
}

function noConfiguration(): ServiceDiscoveryError {
  return new ServiceDiscoveryError(
    'UNSUPPORTED',
    'config_update needs Consul, an agent or a registry: this backend holds no configuration',
  );
}
