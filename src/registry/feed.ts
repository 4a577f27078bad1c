import { Catalog, Head } from '../catalog/index.js';
import type { AppliedChange } from '../catalog/index.js';
import type { Store } from '../model/index.js';
import { defaults, ServiceDiscoveryError } from '../model/index.js';
import type { Logger } from '../runtime/index.js';
import { EventHub, silentLogger } from '../runtime/index.js';
import type { RegistryOptions } from './options.js';
import type { RegistryEvents } from './registry-events.js';
import { Writer } from './writer.js';
import type { Source } from './writer.js';

/** The store's feed into the catalog, and the writer over both. */
export class Feed {
  readonly catalog: Catalog;
  readonly events: EventHub<RegistryEvents>;
  readonly writer: Writer<readonly AppliedChange[]>;
  readonly logger: Logger;
  onApplied: (applied: readonly AppliedChange[], source: Source | undefined) => void = () => {};
  private readonly closers: (() => void | Promise<void>)[] = [];
  private readonly stop = new AbortController();
  private following: Promise<void> = Promise.resolve();

  constructor(
    readonly store: Store,
    options: Pick<RegistryOptions, 'logger' | 'datacenter'>,
  ) {
    this.logger = options.logger ?? silentLogger;
    this.catalog = new Catalog({ datacenter: options.datacenter ?? defaults.datacenter });
    this.events = new EventHub(this.logger, 'registry.listener_failed');
    this.writer = new Writer(store, this.catalog, new Head(this.catalog), (error) => this.fail(error));
  }

  /** Resolves when the first snapshot is applied. */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.onFailed = reject;
      this.following = this.writer.follow(this.stop.signal, (applied, source) => {
        resolve();
        this.onApplied(applied, source);
      });
    });
  }

  /** Called on close, last added first. */
  beforeClose(closer: () => void | Promise<void>): void {
    this.closers.unshift(closer);
  }

  async close(): Promise<void> {
    for (const closer of this.closers.splice(0)) await closer();
    await this.writer.close();
    this.stop.abort(new ServiceDiscoveryError('CLOSED', 'the registry is closed'));
    await this.following;
    this.catalog.close();
    await this.store.close();
  }

  private onFailed: (error: ServiceDiscoveryError) => void = () => {};

  private fail(error: ServiceDiscoveryError): void {
    this.logger.error({ error }, 'registry.store_failed');
    this.onFailed(error);
    this.events.emit('fatal', error);
  }
}
