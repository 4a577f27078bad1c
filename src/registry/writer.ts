import type { Decision } from '../catalog/index.js';
import type {
  CatalogView,
  Change,
  ChangeSet,
  CommitOptions,
  Row,
  RowRef,
  Snapshot,
  StateReader,
  Store,
} from '../model/index.js';
import { invalid, isDiscoveryError, refKey, refOf, ServiceDiscoveryError } from '../model/index.js';

/** A result with the index at which it can be read; for a decision without changes, the index it was judged at. */
export interface Decided<T> {
  readonly result: T;
  readonly index: number;
}

/** The head: the catalog plus every change handed to the store and not yet followed. */
export interface StagingHead extends StateReader {
  stage(changes: readonly Change[]): () => void;
}

/** The catalog as the writer needs it; `apply` tells what it did, for events. */
export interface FollowedCatalog<A> extends Pick<CatalogView, 'index' | 'reached'> {
  apply(update: Snapshot | ChangeSet): A;
}

/** Where changes come from: a command of this agent's clients, checks and timers, or what sync brings from another's. */
export type Source = 'command' | 'merge';

/** A decision, and how it is to be committed. */
export interface Written<T> extends Decision<T>, Pick<CommitOptions, 'durability' | 'at'> {
  /** Default: a command. */
  readonly source?: Source;
}

interface InFlight {
  readonly changes: readonly Change[];
  readonly written: Written<unknown>;
  readonly release: () => void;
  index: Promise<number>;
}

/**
 * The one writer. Commands are decided one after another, synchronously and in call order, each against the head, so
 * any interleaving of concurrent commands equals that serial order. A command answers once the catalog shows what it
 * did; one that changes nothing answers once the catalog shows everything it saw.
 *
 * A commit that fails is the end (docs/store.md: a failed sync is never retried): nothing decided on top of it can be
 * trusted, so the head is discarded, every command is refused from then on, and `onFatal` tells the owner to exit.
 */
export class Writer<A> {
  private readonly inFlight: InFlight[] = [];
  private last: Promise<unknown> = Promise.resolve();
  private failure: ServiceDiscoveryError | undefined;

  constructor(
    private readonly store: Store,
    private readonly catalog: FollowedCatalog<A>,
    private readonly head: StagingHead,
    private readonly onFatal: (error: ServiceDiscoveryError) => void,
  ) {}

  /** `decision` must be synchronous; what it throws refuses the command and changes nothing. */
  async decide<T>(decision: (head: StateReader) => Written<T>): Promise<Decided<T>> {
    if (this.failure) throw this.failure;
    const written = decision(this.head);
    const { changes, result } = written;
    refuseMalformed(changes);
    if (changes.length === 0) {
      await this.last;
      return { result, index: this.catalog.index };
    }
    const flight: InFlight = { changes, written, release: this.head.stage(changes), index: Promise.resolve(0) };
    this.inFlight.push(flight);
    flight.index = this.commit(flight);
    this.last = flight.index;
    return { result, index: await flight.index };
  }

  /** The index that a row in flight will have; 0 when none is. Asked within a decision, known before it is answered. */
  comingIndex(ref: RowRef): Promise<number> {
    const key = refKey(ref);
    const flight = this.inFlight.findLast(({ changes }) => changes.some((change) => keyOf(change) === key));
    return flight?.index ?? Promise.resolve(0);
  }

  /**
   * Applies what the store yields, our own commits included, until `signal` aborts. `source` is told of our own, in the
   * turn in which the catalog shows them; a snapshot has none.
   */
  async follow(signal: AbortSignal, onApplied: (applied: A, source: Source | undefined) => void): Promise<void> {
    try {
      for await (const update of this.store.follow(0, signal)) {
        const applied = this.catalog.apply(update);
        const own = update.type === 'changes' ? this.releaseFollowed(update) : undefined;
        onApplied(applied, own && (own.written.source ?? 'command'));
      }
      if (!signal.aborted) this.fail(new Error('its feed ended'));
    } catch (error) {
      if (!signal.aborted) this.fail(error);
    }
  }

  /** Refuses further commands and waits for those under way. */
  async close(): Promise<void> {
    this.failure ??= new ServiceDiscoveryError('CLOSED', 'the registry is closed');
    await this.last.catch(() => {});
  }

  private async commit(flight: InFlight): Promise<number> {
    try {
      const { durability, at } = flight.written;
      const index = await this.store.commit(flight.changes, { durability, at });
      await this.catalog.reached(index);
      return index;
    } catch (error) {
      // A copy that refuses an index has written nothing, and nobody decides on what is in flight there.
      throw flight.written.at !== undefined && isDiscoveryError(error, 'CONFLICT') ? error : this.fail(error);
    } finally {
      this.settle(flight);
    }
  }

  /**
   * Own commits come back in the order they were handed out. Released here, in the same turn in which the catalog
   * takes them over, so that no decision sees a row as in flight (index 0) that readers already see committed.
   */
  private releaseFollowed(update: ChangeSet): InFlight | undefined {
    const oldest = this.inFlight[0];
    if (!oldest || !touchSame(oldest.changes, update.changes)) return undefined;
    this.settle(oldest);
    return oldest;
  }

  private settle(flight: InFlight): void {
    const at = this.inFlight.indexOf(flight);
    if (at < 0) return;
    this.inFlight.splice(at, 1);
    flight.release();
  }

  private fail(cause: unknown): ServiceDiscoveryError {
    if (this.failure) return this.failure;
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.failure = isDiscoveryError(cause, 'CLOSED')
      ? cause
      : new ServiceDiscoveryError('UNAVAILABLE', `the store failed, nothing more is accepted: ${reason}`, { cause });
    for (const { release } of this.inFlight.splice(0)) release();
    this.onFatal(this.failure);
    return this.failure;
  }
}

/** Our stores hand back the very list they were given; a store over a network may rebuild it. */
function touchSame(ours: readonly Change[], theirs: readonly Change[]): boolean {
  if (ours === theirs) return true;
  return ours.length === theirs.length && ours.every((change, at) => keyOf(change) === keyOf(theirs[at] as Change));
}

function keyOf(change: Change): string {
  return refKey(change.op === 'put' ? refOf(change.row) : change.ref);
}

/**
 * Keys go to disk as UTF-8, where lone surrogates are lost, and with NUL between their parts, where one in a name would
 * make it the key of something else. A store refuses such rows too, but that would be a failed commit.
 */
function refuseMalformed(changes: readonly Change[]): void {
  for (const change of changes) {
    const ref = change.op === 'put' ? refOf(change.row) : change.ref;
    if (!refKey(ref).isWellFormed()) throw invalid(`not valid Unicode: ${JSON.stringify(ref.id || ref.node)}`);
    if (ref.node.includes('\0')) throw invalid(`node name with a NUL character: ${JSON.stringify(ref.node)}`);
    const service = change.op === 'put' ? serviceOf(change.row) : '';
    if (service.includes('\0')) throw invalid(`service name with a NUL character: ${JSON.stringify(service)}`);
  }
}

function serviceOf(row: Row): string {
  return row.kind === 'service' || row.kind === 'local-service' ? row.service : '';
}
