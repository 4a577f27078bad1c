import type { Socket } from 'node:net';
import { ServiceDiscoveryError } from '../model/index.js';
import type { Answer, CatalogView, Cluster, Topic } from '../model/index.js';
import type { Clock, Random } from '../runtime/index.js';
import type { Reply } from './core/reply.js';
import type { ReadSource } from './sources.js';

/**
 * Blocking queries (docs/contract.md section 1.6). A read that names an index waits until its answer is newer or its
 * time is up, and then answers in either case. Readers are level-triggered: a wake-up only makes them look again.
 *
 * All waiters of a topic of a catalog share one subscription and are looked through together, once per turn of the event
 * loop however many change sets arrived in it. A waiter is one small object, a timer and a listener for the client's
 * leaving.
 */
export class BlockingQueries {
  private readonly waiting = new Map<CatalogView, Map<Topic, Queue>>();
  private readonly stopListening: () => void;
  private closed = false;
  private count = 0;

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    cluster: Pick<Cluster, 'onReplaced'>,
  ) {
    this.stopListening = cluster.onReplaced(() => this.lookAtAll());
  }

  /** Queries waiting now. */
  get size(): number {
    return this.count;
  }

  /** Nothing waits any more: answers end their connections. */
  get isClosed(): boolean {
    return this.closed;
  }

  /**
   * Answers at once when there is something newer than `minIndex` or nothing to wait for. A source that has to be
   * confirmed is asked first, and once more unless what was waited for came: that nothing changed is also an answer.
   */
  read<T>(
    client: Socket,
    source: ReadSource,
    wait: Wait,
    read: (catalog: CatalogView) => Answer<T>,
    reply: (answer: Answer<T>) => Reply,
  ): Reply | Promise<Reply> {
    const confirming = source.confirm?.();
    if (!confirming) return this.answer(client, source, wait, read, reply);
    return confirming.then(() => this.answer(client, source, wait, read, reply));
  }

  private answer<T>(
    client: Socket,
    source: ReadSource,
    { minIndex, waitMs }: Wait,
    read: (catalog: CatalogView) => Answer<T>,
    reply: (answer: Answer<T>) => Reply,
  ): Reply | Promise<Reply> {
    const catalog = source.catalog();
    const first = read(catalog);
    if (minIndex === 0 || first.index > minIndex) return reply(first);
    // After a restore the caller's index means nothing any more, so it is told at once.
    const space = source.indexSpace();
    const isOther = (): boolean => source.find() !== catalog || source.indexSpace() !== space;
    const isNewer = (): boolean => read(catalog).index > minIndex;
    return this.until(catalog, first.topic, () => isOther() || isNewer(), waitMs, client).then(() => {
      const confirming = isOther() || !isNewer() ? source.confirm?.() : undefined;
      const last = (): Reply => reply(read(source.catalog()));
      return confirming ? confirming.then(last) : last();
    });
  }

  /**
   * Resolves when `ready` holds after a change of the topic, when the time and its random extra of a sixteenth are up,
   * or on close; rejects with ABORTED when the client leaves, which its connection says: a response that waits behind
   * another one of the same connection does not hear of it.
   */
  until(catalog: CatalogView, topic: Topic, ready: () => boolean, waitMs: number, client: Socket): Promise<void> {
    if (this.closed || waitMs <= 0) return Promise.resolve();
    if (client.destroyed) return Promise.reject(gone());
    const queue = this.queueOf(catalog, topic);
    this.count += 1;
    return new Promise((resolve, reject) => {
      const leave = (): void => finish(gone());
      const finish = (error?: Error): void => {
        if (!queue.waiters.delete(waiter)) return;
        this.count -= 1;
        cancel();
        client.off('close', leave);
        this.drop(catalog, topic, queue);
        if (error) reject(error);
        else resolve();
      };
      const waiter: Waiter = { ready, finish };
      const cancel = this.clock.after(waitMs + this.extraMs(waitMs), finish);
      client.on('close', leave);
      queue.waiters.add(waiter);
    });
  }

  /** Every waiting query answers with what there is; later ones answer at once. */
  close(): void {
    this.closed = true;
    this.stopListening();
    for (const queue of this.queues()) for (const waiter of queue.waiters) waiter.finish();
  }

  private lookAtAll(): void {
    for (const queue of this.queues()) schedule(queue);
  }

  private *queues(): Iterable<Queue> {
    for (const topics of this.waiting.values()) yield* topics.values();
  }

  /**
   * [0, wait/16), so that waits begun together do not end together. In steps, because Node keeps timers in one list for
   * each length: a thousand lengths would cost more than the waiters.
   */
  private extraMs(waitMs: number): number {
    return (Math.floor(this.random.next() * JITTER_STEPS) / JITTER_STEPS) * (waitMs / 16);
  }

  private queueOf(catalog: CatalogView, topic: Topic): Queue {
    let topics = this.waiting.get(catalog);
    if (!topics) this.waiting.set(catalog, (topics = new Map()));
    const known = topics.get(topic);
    if (known) return known;
    const queue: Queue = { waiters: new Set(), scheduled: false, unsubscribe: () => {} };
    queue.unsubscribe = catalog.subscribe(topic, () => schedule(queue));
    topics.set(topic, queue);
    return queue;
  }

  private drop(catalog: CatalogView, topic: Topic, queue: Queue): void {
    if (queue.waiters.size > 0) return;
    queue.unsubscribe();
    const topics = this.waiting.get(catalog);
    if (topics?.get(topic) !== queue) return;
    topics.delete(topic);
    if (topics.size === 0) this.waiting.delete(catalog);
  }
}

function gone(): ServiceDiscoveryError {
  return new ServiceDiscoveryError('ABORTED', 'the client went away');
}

const JITTER_STEPS = 64;

interface Wait {
  /** 0 = at once. */
  readonly minIndex: number;
  readonly waitMs: number;
}

interface Waiter {
  readonly ready: () => boolean;
  readonly finish: () => void;
}

interface Queue {
  readonly waiters: Set<Waiter>;
  scheduled: boolean;
  unsubscribe: () => void;
}

function schedule(queue: Queue): void {
  if (queue.scheduled) return;
  queue.scheduled = true;
  setImmediate(() => lookAgain(queue));
}

function lookAgain(queue: Queue): void {
  queue.scheduled = false;
  for (const waiter of queue.waiters) if (waiter.ready()) waiter.finish();
}
